/* What a document is about, and what a candidate lacks: one small vocabulary
 * for both, that of kb/index.md. */
#ifndef CONCERN_H
#define CONCERN_H

#include "mem.h"

#define CONCERNS(X) \
	X(VECTORISATION, "vectorisation") \
	X(REGISTERS, "registers") \
	X(CACHE, "cache") \
	X(BANDWIDTH, "bandwidth") \
	X(LAYOUT, "layout") \
	X(PREFETCH, "prefetch") \
	X(PARALLELISM, "parallelism") \
	X(NUMERICS, "numerics") \
	X(LATENCY, "latency") \
	X(BRANCHES, "branches") \
	X(INTEGER, "integer") \
	X(JAGGED, "jagged") \
	X(COMPILE, "compile") \
	X(CORRECTNESS, "correctness") \
	X(ROOFLINE, "roofline")

#define CONCERN_ENUM(name, text) CONCERN_##name,
enum { CONCERNS(CONCERN_ENUM) CONCERN_COUNT };
#undef CONCERN_ENUM

/* A set of concerns is the bits 1 << CONCERN_... */
#define CONCERN(name) (1u << CONCERN_##name)

/* The concern that is exactly this word, as a set; 0 where it is none. */
unsigned concern_find(const char *word, size_t n);

/* Adds the names in the set, with blanks between them. */
void concern_names(unsigned set, struct ke_buf *);

/* How well two sets agree, from 0 to 1 (Dice's coefficient). */
double concern_agree(unsigned, unsigned);

#endif
