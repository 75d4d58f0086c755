/* SHA-256, by libcrypto: names of contents. */
#ifndef KE_HASH_H
#define KE_HASH_H

#include <stddef.h>

#define KE_SHA256_HEX 65 /* bytes, with the terminator */

/* In lower case. */
void ke_sha256_hex(const void *, size_t n, char out[KE_SHA256_HEX]);

#endif
