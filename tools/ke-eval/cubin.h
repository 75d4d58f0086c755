/* What a cubin holds, read before it is loaded. */
#ifndef KE_EVAL_CUBIN_H
#define KE_EVAL_CUBIN_H

#include <stddef.h>

#include "verdict.h"

/* Is it device code that keeps no state and calls nothing of the driver's?
 * 0, or -1 with a verdict of plan_error: code "state" (module-scope variables),
 * "symbol" (printf, malloc, assert, child grids), "object" (not a cubin). */
int cubin_check(const void *, size_t n, struct verdict *);

#define CUBIN_PARAMETERS_MAX 32

/* What a cubin that was checked says of a kernel. */
struct cubin_kernel {
	int registers, local_bytes; /* of a thread; 0 where it doesn't say */
	size_t n_parameters;
	size_t parameter[CUBIN_PARAMETERS_MAX]; /* bytes, in order */
};

/* 0, or -1 where it has no such kernel, or one of more parameters. */
int cubin_kernel(const void *, size_t n, const char *name,
    struct cubin_kernel *);

#endif
