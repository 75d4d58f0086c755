/* The truth: ref.c, compiled for this machine, asked for single elements, rows
 * or whole tensors in double precision.  Loaded by the verifier alone. */
#ifndef KE_EVAL_REFERENCE_H
#define KE_EVAL_REFERENCE_H

#include "op.h"
#include "verdict.h"

/* What ref.c sees of one case and one set of inputs; its prelude declares the
 * same.  A let's elements are computed once and kept in let[], have[]. */
struct ke_ref {
	const void *t[KE_TENSORS_MAX];
	double *let[KE_TENSORS_MAX];
	unsigned char *have[KE_TENSORS_MAX];
	int64_t s[KE_TENSORS_MAX][KE_RANK_MAX]; /* shapes */
	int64_t d[KE_DIMS_MAX + KE_DERIVED_MAX]; /* dims, derived */
};

/* Per output: an element, or a row of the last axis and its length. */
struct target;

struct reference {
	double (*real[KE_TENSORS_MAX])(struct ke_ref *, const int64_t *);
	int64_t (*whole[KE_TENSORS_MAX])(struct ke_ref *, const int64_t *);
	int64_t (*row[KE_TENSORS_MAX])(struct ke_ref *, const int64_t *,
	    void *);
	/* where op.json says own: what an element's error is measured by */
	double (*scale[KE_TENSORS_MAX])(struct ke_ref *, const int64_t *);
};

/* Compiles ref.c (cached by content), to compute in double or, to see what an
 * honest kernel's error is, in float.  The path of the shared object, which
 * the caller frees; NULL with a verdict where ref.c is at fault, else the
 * reason in e. */
enum arithmetic { IN_DOUBLE, IN_FLOAT };
char *reference_compile(const struct ke_op *, enum ke_dtype, enum arithmetic,
    struct verdict *, struct ke_err *);

/* The same for a target that is a GPU: the path of an object with kernels
 *   ke_let_T(struct ke_ref, double *to, int64_t n)     a let, as a stage
 *   ke_out_T(struct ke_ref, double or int64_t *to, n)  an output
 *   ke_row_T(struct ke_ref, *to, int64_t *length, int64_t rows, last)
 *   ke_own_T(struct ke_ref, double *to, n)             its own scale
 * T a tensor's index; every let that is read has been computed. */
char *reference_device(const struct ke_op *, enum ke_dtype,
    const struct target *, struct verdict *, struct ke_err *);

/* Loads it into this process. */
int reference_load(struct reference *, const char *so, const struct ke_op *,
    enum ke_dtype, struct ke_err *);

/* Indices of element i of a tensor of that shape. */
void reference_index(const int64_t *shape, size_t rank, int64_t i,
    int64_t *at);

#endif
