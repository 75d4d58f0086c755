/* What a cubin holds, read before it is loaded. */
#ifndef KE_EVAL_CUBIN_H
#define KE_EVAL_CUBIN_H

#include <stddef.h>

#include "verdict.h"

/* Is it device code that keeps no state and calls nothing of the driver's?
 * 0, or -1 with a verdict of plan_error: code "state" (module-scope variables),
 * "symbol" (printf, malloc, assert, child grids), "object" (not a cubin). */
int cubin_check(const void *, size_t n, struct verdict *);

#endif
