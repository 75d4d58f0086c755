/* What is drawn: the names of expansions and the numbers of a choice. */
#ifndef KE_SELECT_DRAW_H
#define KE_SELECT_DRAW_H

#include <stddef.h>
#include <stdint.h>

#define XID 21 /* bytes, with the terminator: 80 bits in hexadecimal */

/* Sebastiano Vigna's splitmix64; any state will do. */
struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *);
/* 0 to n - 1, each with the same probability; n at least 1. */
uint64_t rng_below(struct rng *, uint64_t n);
/* True with probability 1/n. */
int rng_one_in(struct rng *, uint64_t n);

/* SHA-256 of the seed and of all that was read. */
struct draw {
	struct evp_md_ctx_st *digest;
	uint64_t count;
};

void draw_init(struct draw *, int64_t seed);
void draw_read(struct draw *, const char *line, size_t n);
/* The name and the numbers of the next choice, which is the same until
 * draw_take. */
void draw_peek(const struct draw *, char xid[XID], struct rng *);
void draw_take(struct draw *);

/* splitmix64's finalizer: a permutation that mixes well. */
uint64_t mix(uint64_t);

#endif
