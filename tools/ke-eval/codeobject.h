/* What a code object of AMD's holds, read before it is loaded. */
#ifndef KE_EVAL_CODEOBJECT_H
#define KE_EVAL_CODEOBJECT_H

#include <stddef.h>

#include "plan.h"
#include "verdict.h"

/* Is it device code that keeps no state and calls nothing of the runtime's?
 * 0, or -1 with a verdict of plan_error: code "state" (module-scope variables),
 * "symbol" (printf, malloc, child grids), "object" (not a code object, or one
 * whose metadata can't be read). */
int codeobject_check(const void *, size_t n, struct verdict *);

/* What its metadata says of a kernel. */
struct kernel_facts {
	int vgprs, agprs;    /* of a lane: all, and those that are AGPRs */
	int sgprs;           /* of a wave */
	int lds_bytes;       /* of a block, static */
	int scratch_bytes;   /* of a thread */
	int vgpr_spills, sgpr_spills;
	int threads;         /* of a block, at most */
	int waves;           /* that a SIMD has registers for; 0: not known */
};

/* Those of one kernel.  0, or -1 with a verdict where there is none. */
int codeobject_kernel(const void *, size_t n, const char *kernel,
    struct kernel_facts *, struct verdict *);

/* The bytes of each of its parameters, those that the runtime adds apart: how
 * many, or -1 with a verdict, also where they are more than most. */
int codeobject_parameters(const void *, size_t n, const char *kernel,
    size_t *bytes, size_t most, struct verdict *);

/* The facts of a checked object, by the plan's launches.  0, or -1 with a
 * verdict where one has no kernel there. */
int codeobject_kernels(const void *, size_t n, const struct ke_plan *,
    struct kernel_facts *, struct verdict *);

/* How many waves a SIMD of the architecture has registers for; 0 where that
 * isn't known. */
int codeobject_waves(const char *arch, int vgprs, int sgprs);

#endif
