/* A set of 64-bit keys, each with a small number beside it. */
#ifndef MAP_H
#define MAP_H

#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct map {
	size_t n, cap;
	struct map_slot {
		uint64_t key; /* 0: empty */
		uint32_t value;
	} *slots;
};

/* The value's place, made (as 0) where it is missing; valid until the next
 * call. */
uint32_t *map_put(struct map *, uint64_t key);

/* NULL where it is missing. */
const uint32_t *map_get(const struct map *, uint64_t key);

#endif
