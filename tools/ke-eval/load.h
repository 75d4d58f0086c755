/* May this shared object be loaded?  It must run nothing when that happens. */
#ifndef KE_EVAL_LOAD_H
#define KE_EVAL_LOAD_H

#include "verdict.h"

/* 0, or -1 with a verdict: an object with constructors, functions resolved by
 * code of their own (ifuncs), relocations that write outside of it, other
 * libraries than libc and libm, or one that can't be read. */
int load_check(const void *object, size_t n, struct verdict *);

#endif
