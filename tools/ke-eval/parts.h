/* An object that holds the launches' cubins, or code objects, one behind the
 * other, each with what its launch needs: what Triton makes of a plan. */
#ifndef KE_EVAL_PARTS_H
#define KE_EVAL_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "codeobject.h"
#include "plan.h"
#include "verdict.h"

struct parts {
	size_t n; /* 0: the object is one cubin */
	struct cubin_part {
		uint32_t at, bytes; /* of the object's bytes */
		uint32_t shared;   /* bytes of dynamic shared memory */
		uint32_t threads;  /* of a block */
		uint32_t nulls;    /* null pointers behind the arguments */
		int registers, local_bytes; /* of a thread */
	} part[KE_LAUNCHES_MAX];
};

/* Reads those of an object of the plan's and checks them: each is a cubin of
 * its launch's kernel, with the parameters that the launch will pass.  0, or -1
 * with a verdict of plan_error, as cubin_check()'s. */
int parts_read(const void *object, size_t n, const struct ke_plan *,
    struct parts *, struct verdict *);

/* The same where they are code objects of AMD's, and what those say of each
 * launch's kernel, as codeobject_kernels(). */
int parts_read_amd(const void *object, size_t n, const struct ke_plan *,
    struct parts *, struct verdict *);
int parts_kernels_amd(const void *object, size_t n, const struct ke_plan *,
    struct kernel_facts *, struct verdict *);

#endif
