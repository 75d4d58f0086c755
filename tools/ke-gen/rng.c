/* Random numbers that the same seed gives again. */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "rng.h"

void
rng_seed(struct rng *r, const void *p, size_t n)
{
	char hex[KE_SHA256_HEX];

	ke_sha256_hex(p, n, hex);
	for (size_t i = 0; i < 4; i++) {
		char part[17] = {0};

		memcpy(part, hex + 16 * i, 16);
		r->s[i] = strtoull(part, NULL, 16);
	}
}

static uint64_t
rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static uint64_t
next(struct rng *r)
{
	uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

double
rng_real(struct rng *r)
{
	return (double)(next(r) >> 11) * 0x1p-53;
}

size_t
rng_below(struct rng *r, size_t n)
{
	return (size_t)(rng_real(r) * (double)n);
}
