/* Inputs: what op.json declares, and the battery of other distributions that
 * wrong kernels fail on. */
#ifndef KE_EVAL_DRAW_H
#define KE_EVAL_DRAW_H

#include "op.h"

/* name, text */
#define DRAW_KINDS(X) \
	X(DECLARED, "declared") \
	X(NORMAL, "normal") \
	X(TINY, "tiny") \
	X(LARGE, "large") \
	X(SHIFTED, "shifted") \
	X(OUTLIERS, "outliers") \
	X(ONE_HOT, "one-hot") \
	X(INTEGERS, "integers") \
	X(TAIL, "tail") \
	X(SPECIAL, "special")

#define DRAW_ENUM(name, text) DRAW_##name,
enum draw_kind { DRAW_KINDS(DRAW_ENUM) DRAW_KIND_COUNT };
#undef DRAW_ENUM

const char *draw_kind_name(enum draw_kind);

/* How many kinds there are for the operator, the first of the list: the last
 * is for those that define what comes of special values. */
size_t draw_kinds(const struct ke_op *);

/* Fills count elements of tensor t.  scope holds the case's names; drawn the
 * tensors before t (for samples) with their counts; key is secret. */
int draw_tensor(const struct ke_op *, size_t t, enum ke_dtype,
    enum draw_kind, const struct ke_scope *, uint64_t key, void *to,
    int64_t count, int64_t last, void *const *drawn, const int64_t *counts,
    struct ke_err *);

/* Absolute values, in place. */
void draw_absolute(enum ke_dtype, void *, int64_t count);

/* Floating elements to so many bits of significand, in place: to nearest, ties
 * to even, with the type's own range of exponents. */
void draw_round(enum ke_dtype, void *, int64_t count, int bits);

/* The element as a double, and as an integer. */
double draw_read(enum ke_dtype, const void *, int64_t i);
/* The nearest value of the type. */
double draw_rounded(enum ke_dtype, double);

void draw_write(enum ke_dtype, void *, int64_t i, double);

#endif
