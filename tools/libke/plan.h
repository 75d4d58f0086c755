/* The plan of a candidate, ke-plan(5): read from its source, checked against
 * the operator, and resolved into numbers for one case. */
#ifndef KE_PLAN_H
#define KE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "op.h"

#define KE_TUNE_MAX 24
#define KE_VALUES_MAX 4096 /* of a tunable */
#define KE_LAUNCHES_MAX 16
#define KE_ARGS_MAX 24
#define KE_WORKSPACES_MAX 12
#define KE_MAPS_MAX 8
#define KE_FLAGS_MAX 16
#define KE_MAP_RANK_MAX 5
#define KE_SHARED_MAX ((int64_t)16 << 20) /* bytes */

struct ke_tune {
	const char *name;
	size_t n;
	const int64_t *values;
};

enum ke_arg_kind {
	KE_ARG_TENSOR, KE_ARG_WORKSPACE, KE_ARG_SCALAR, KE_ARG_MAP
};

struct ke_arg {
	enum ke_arg_kind kind;
	int index;          /* of the tensor, workspace or map */
	const char *name;   /* in the name space */
	const char *offset; /* expression in elements, or NULL */
	bool wide;          /* a scalar that is passed as int64_t */
};

struct ke_launch {
	const char *kernel;
	size_t n_args, n_grid, n_block, n_cluster;
	struct ke_arg args[KE_ARGS_MAX];
	const char *grid[3]; /* expressions */
	const char *block[3], *cluster[3];
	const char *shared;  /* expression, or NULL */
	bool cooperative;
	const char *warps, *stages; /* expressions of Triton's, or NULL */
	size_t n_fixed;
	struct {
		const char *name, *expr;
	} fixed[KE_ARGS_MAX]; /* constants that only it has, likewise */
};

/* A view of a tensor or workspace that a GPU's copy engine reads and writes in
 * boxes.  Extents from the outermost to the innermost; expressions. */
struct ke_map {
	const char *name;
	bool workspace;
	int index;
	size_t rank;
	const char *shape[KE_MAP_RANK_MAX], *box[KE_MAP_RANK_MAX];
	const char *stride[KE_MAP_RANK_MAX]; /* elements; not the innermost's */
	bool dense;
	int swizzle, promotion; /* bytes; 0: none */
};

struct ke_plan {
	cJSON *json; /* owns every string below */
	bool gpu; /* its launches have threads */
	bool triton; /* as warps */
	size_t n_tune, n_launches, n_workspaces, n_maps;
	struct ke_tune tune[KE_TUNE_MAX];
	struct ke_launch launches[KE_LAUNCHES_MAX];
	struct ke_map maps[KE_MAPS_MAX];
	struct {
		const char *name;
		enum ke_dtype dtype;
		size_t rank;
		const char *shape[KE_RANK_MAX]; /* expressions */
	} workspaces[KE_WORKSPACES_MAX];
	const cJSON *require, *constants, *domain, *flags; /* or NULL */
	const cJSON *choice; /* an object, an array of rows, or NULL */
};

/* The plan in the text of a candidate of the operator; NULL with the reason.
 * The caller frees. */
struct ke_plan *ke_plan_parse(const char *source, const struct ke_op *,
    struct ke_err *);
void ke_plan_free(struct ke_plan *);

/* Where in the source the plan's JSON stands, with the blanks before it: 0, or
 * -1 with the reason. */
int ke_plan_place(const char *source, size_t *at, size_t *n, struct ke_err *);

/* The compiler flags that a plan in that language may have. */
const char *const *ke_plan_flags(const char *language, size_t *n);

/* The plan's own choice, as an object with every tunable; of rows the first,
 * whether its when holds or not.  The caller deletes. */
cJSON *ke_plan_default(const struct ke_plan *);

/* Is every value of choice one that its tunable may take?  0, or the reason. */
int ke_plan_check_choice(const struct ke_plan *, const cJSON *choice,
    struct ke_err *);

/* Index of the tunable, or -1. */
int ke_plan_tune(const struct ke_plan *, const char *name);

/* The plan in numbers, for one case and choice. */
struct ke_resolved {
	struct ke_scope scope;           /* dims, derived, tunables */
	int64_t tune[KE_TUNE_MAX];       /* values, in the plan's order */
	bool outside;                    /* of the plan's domain */
	int64_t grid[KE_LAUNCHES_MAX][3]; /* 1 where not said */
	int64_t block[KE_LAUNCHES_MAX][3];
	int64_t warps[KE_LAUNCHES_MAX], stages[KE_LAUNCHES_MAX]; /* 0: not
							       * said */
	int64_t fixed[KE_LAUNCHES_MAX][KE_ARGS_MAX];
	int64_t cluster[KE_LAUNCHES_MAX][3]; /* 0 where there is none */
	int64_t shared[KE_LAUNCHES_MAX]; /* bytes */
	int64_t offset[KE_LAUNCHES_MAX][KE_ARGS_MAX];  /* elements */
	int64_t workspace[KE_WORKSPACES_MAX];          /* elements */
	struct {
		int64_t shape[KE_MAP_RANK_MAX], stride[KE_MAP_RANK_MAX],
		    box[KE_MAP_RANK_MAX];
	} map[KE_MAPS_MAX];
};

/* choice (may be NULL) overrides the plan's own.  0; -1 with the reason. */
int ke_plan_resolve(const struct ke_plan *, const struct ke_op *,
    const struct ke_case *, const cJSON *choice, struct ke_resolved *,
    struct ke_err *);

/* Does the choice satisfy every requirement that needs no dimension?  For
 * generators: 1, 0, or -1 with the reason. */
int ke_plan_allows(const struct ke_plan *, const cJSON *choice,
    struct ke_err *);

#endif
