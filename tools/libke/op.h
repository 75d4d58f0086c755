/* An operator's specification, ke-op(5), read and checked. */
#ifndef KE_OP_H
#define KE_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "dtype.h"
#include "expr.h"
#include "json.h"

#define KE_RANK_MAX 6
#define KE_TENSORS_MAX 24
#define KE_DIMS_MAX 24
#define KE_DERIVED_MAX 24

enum ke_role { KE_IN, KE_OUT, KE_LET };
enum ke_scale { KE_SCALE_ROW, KE_SCALE_TERMS, KE_SCALE_OWN };
enum ke_dist {
	KE_NORMAL, KE_UNIFORM, KE_SORTED_DISTINCT, KE_BORDERS, KE_SAMPLE
};

/* name, text: values that are no ordinary numbers */
#define KE_SPECIALS(X) \
	X(NAN, "nan") \
	X(INF, "inf") \
	X(MINUS_0, "-0") \
	X(DENORMAL, "denormal")

#define KE_SPECIAL_ENUM(name, text) KE_SPECIAL_##name,
enum ke_special { KE_SPECIALS(KE_SPECIAL_ENUM) KE_SPECIAL_COUNT };
#undef KE_SPECIAL_ENUM

/* How an input is drawn.  a and b: mean and standard deviation, or the ends of
 * the range where lo and hi (expressions) are NULL. */
struct ke_draw {
	enum ke_dist dist;
	double a, b;
	const char *lo, *hi;
	int from; /* index of a tensor */
	double hit, near; /* probabilities: an element of it, one beside that */
	unsigned special; /* bits of KE_SPECIALS: what the operator defines */
};

struct ke_tensor {
	const char *name;
	enum ke_role role;
	bool variant; /* dtype is the variant's own */
	enum ke_dtype dtype;
	size_t rank;
	const char *shape[KE_RANK_MAX]; /* expressions */
	struct ke_draw draw;
	const char *reduction; /* expression, "1" where there is none */
	enum ke_scale scale;
	bool row;
	int length; /* index of an output, or -1 */
};

struct ke_case {
	const char *set;
	int64_t dims[KE_DIMS_MAX];
	double weight;
};

struct ke_tolerance {
	double c, c2;
	enum ke_dtype acc;
	bool enforced; /* the next lower precision fails */
};

/* What a rule's constant lies between: the most that honest errors need of it,
 * and the least that those of the next lower precision do. */
struct ke_needs {
	double honest, lower;
};
/* Of a constant to the needs on either side of it. */
#define KE_MARGIN 2.0

struct ke_op {
	char *dir;
	const char *name, *summary;
	size_t n_dims, n_derived, n_tensors, n_cases;
	struct {
		const char *name;
		bool wide; /* passed as int64_t */
	} dims[KE_DIMS_MAX];
	struct {
		const char *name, *expr;
	} derived[KE_DERIVED_MAX];
	struct ke_tensor tensors[KE_TENSORS_MAX];
	struct ke_case *cases;
	const char *flops, *bytes; /* expressions, or NULL */
	cJSON *json;               /* owns every string above */
	char hash[65];             /* of op.json, ref.c and base.c */
};

/* Reads and checks dir/op.json.  name is a folder where it holds a slash, else
 * it is looked for.  NULL with "FILE: place: why".  The caller frees. */
struct ke_op *ke_op_load(const char *name, struct ke_err *);

/* The specification in text[0..n) alone: dir is NULL and hash empty.  NULL
 * with "place: why".  The caller frees. */
struct ke_op *ke_op_parse(const char *text, size_t n, struct ke_err *);
void ke_op_free(struct ke_op *);

/* The folder of an operator, or NULL with the reason.  The caller frees. */
char *ke_op_find(const char *name, struct ke_err *);

/* The default dtype variant's name. */
const char *ke_op_default_dtype(const struct ke_op *);

/* The variant's tolerance; -1 where the operator has no such variant. */
int ke_op_tolerance(const struct ke_op *, const char *dtype,
    struct ke_tolerance *, struct ke_err *);

/* Do c and c2 let the honest pass with the margin?  And does at least one of
 * the two rules then refuse the lower precision with it? */
bool ke_tolerance_spares(const struct ke_tolerance *, const struct ke_needs *c,
    const struct ke_needs *c2);
bool ke_tolerance_enforces(const struct ke_tolerance *,
    const struct ke_needs *c, const struct ke_needs *c2);

/* Adds the case's dims and what derives from them.  0, or -1 with the derived
 * expression that has no value. */
int ke_op_scope(const struct ke_op *, const struct ke_case *,
    struct ke_scope *, struct ke_err *);

/* Adds every dim and derived name with value 1, for checks of names alone. */
void ke_op_names(const struct ke_op *, struct ke_scope *);

/* Extents and their product; an extent below 0 or a product beyond 2^40 is an
 * error. */
int ke_op_shape(const struct ke_tensor *, const struct ke_scope *,
    int64_t shape[KE_RANK_MAX], int64_t *count, struct ke_err *);

/* Index of the tensor, or -1. */
int ke_op_tensor(const struct ke_op *, const char *name);

/* The tensor's type in the variant. */
enum ke_dtype ke_tensor_dtype(const struct ke_tensor *, enum ke_dtype variant);

/* The dims of the case as an object.  The caller deletes. */
cJSON *ke_case_json(const struct ke_op *, const struct ke_case *);

#endif
