/* Numbers that are a function of a key and an index, so that any element can
 * be drawn by itself and drawn again. */
#ifndef KE_EVAL_RANDOM_H
#define KE_EVAL_RANDOM_H

#include <stdint.h>

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014) over key and index. */
static inline uint64_t
random_word(uint64_t key, uint64_t i)
{
	uint64_t z = key + (i + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* [0, 1) */
static inline double
random_unit(uint64_t key, uint64_t i)
{
	return (double)(random_word(key, i) >> 11) * 0x1p-53;
}

/* A key for a part of what key names. */
static inline uint64_t
random_key(uint64_t key, uint64_t part)
{
	return random_word(random_word(key, part), 0x6b65);
}

#endif
