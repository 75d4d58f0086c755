/* What is drawn: the names of expansions and the numbers of a choice. */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "draw.h"

/* Constants: S. Vigna, splitmix64.c, 2015. */
uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t
rng_next(struct rng *r)
{
	return mix(r->state += 0x9e3779b97f4a7c15u);
}

uint64_t
rng_below(struct rng *r, uint64_t n)
{
	uint64_t uneven = -n % n, x; /* 2^64 mod n */

	do
		x = rng_next(r);
	while (x < uneven);
	return x % n;
}

int
rng_one_in(struct rng *r, uint64_t n)
{
	return rng_below(r, n) == 0;
}

void
draw_init(struct draw *d, int64_t seed)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lld\n", (long long)seed);

	d->count = 0;
	d->digest = EVP_MD_CTX_new();
	if (d->digest == NULL ||
	    !EVP_DigestInit_ex(d->digest, EVP_sha256(), NULL) ||
	    !EVP_DigestUpdate(d->digest, text, (size_t)n))
		errx(111, "libcrypto: no SHA-256");
}

void
draw_read(struct draw *d, const char *line, size_t n)
{
	if (!EVP_DigestUpdate(d->digest, line, n) ||
	    !EVP_DigestUpdate(d->digest, "\n", 1))
		errx(111, "libcrypto: no SHA-256");
}

void
draw_peek(const struct draw *d, char xid[XID], struct rng *rng)
{
	unsigned char sum[EVP_MAX_MD_SIZE], count[8];
	EVP_MD_CTX *copy = EVP_MD_CTX_new();

	memcpy(count, &d->count, sizeof(count));
	if (copy == NULL || !EVP_MD_CTX_copy_ex(copy, d->digest) ||
	    !EVP_DigestUpdate(copy, count, sizeof(count)) ||
	    !EVP_DigestFinal_ex(copy, sum, NULL))
		errx(111, "libcrypto: no SHA-256");
	EVP_MD_CTX_free(copy);
	for (int i = 0; i < XID / 2; i++)
		snprintf(xid + 2 * i, 3, "%02x", sum[i]);
	memcpy(&rng->state, sum + XID / 2, sizeof(rng->state));
}

void
draw_take(struct draw *d)
{
	d->count++;
}
