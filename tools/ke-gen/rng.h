/* Random numbers that the same seed gives again: xoshiro256** (Blackman and
 * Vigna, 2018), filled from a SHA-256. */
#ifndef RNG_H
#define RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_seed(struct rng *, const void *, size_t n);

/* Uniform in [0, n), n > 0; in [0, 1). */
size_t rng_below(struct rng *, size_t n);
double rng_real(struct rng *);

#endif
