/* The loops of a piece of code, and the one that matters. */
#ifndef KE_LOOPS_H
#define KE_LOOPS_H

#include "disasm.h"

/* From a jump backwards to where it leads. */
struct loop {
	size_t function;
	size_t first, last; /* instructions, both included */
	int depth;          /* 1: in no other; with those around its callers */
	double work;        /* of its own instructions, once through */
};

/* What the hot loop consists of, without the loops inside it. */
struct mix {
	struct loop loop;
	size_t instructions, count[CLASS_COUNT], loads, stack;
	double chain;       /* cycles of dependences per iteration */
	int bits;           /* of its widest arithmetic */
	const char *called; /* the first function that it calls, or NULL */
};

/* The loop with the most arithmetic where each level of nesting runs its body
 * 32 times.  0, or -1 with the reason where there is no loop. */
int loops_hot(const struct code *, struct mix *, struct ke_err *);

#endif
