/* SHA-256, by libcrypto: names of contents. */
#include <openssl/sha.h>

#include "hash.h"

void
ke_sha256_hex(const void *p, size_t n, char out[KE_SHA256_HEX])
{
	static const char digit[] = "0123456789abcdef";
	unsigned char md[SHA256_DIGEST_LENGTH];

	SHA256(p, n, md);
	for (size_t i = 0; i < sizeof(md); i++) {
		out[2 * i] = digit[md[i] >> 4];
		out[2 * i + 1] = digit[md[i] & 15];
	}
	out[2 * sizeof(md)] = '\0';
}
