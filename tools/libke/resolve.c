/* The plan of a candidate, ke-plan(5), in numbers. */
#include <string.h>

#include "plan.h"

#define GRID_MAX ((int64_t)1 << 31) /* blocks in all */
#define BLOCK_MAX 1024 /* threads */
#define CLUSTER_MAX 16 /* blocks */
#define WARP 32 /* threads */
#define WARPS_MAX 32
#define STAGES_MAX 16

/* Overwrites values[] by what the row says. */
static void
apply_row(const struct ke_plan *p, const cJSON *row, int64_t *values)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, row) {
		int t = ke_plan_tune(p, v->string);

		if (t != -1)
			ke_json_integer(v, &values[t]);
	}
}

/* The row of the plan's own choice that holds in scope (dims only), or NULL;
 * with scope NULL the first. */
static const cJSON *
find_row(const struct ke_plan *p, const struct ke_scope *s, struct ke_err *e,
    int *bad)
{
	const cJSON *row;

	*bad = 0;
	if (!cJSON_IsArray(p->choice))
		return p->choice;
	cJSON_ArrayForEach(row, p->choice) {
		const char *when = ke_json_string(row, "when");
		int64_t holds = 1;

		if (s != NULL && when != NULL &&
		    ke_expr(when, s, &holds, e) == -1) {
			*bad = -1;
			return NULL;
		}
		if (holds != 0)
			return row;
	}
	return NULL;
}

static void
own_values(const struct ke_plan *p, const cJSON *row, int64_t *values)
{
	for (size_t i = 0; i < p->n_tune; i++)
		values[i] = p->tune[i].values[0];
	apply_row(p, row, values);
}

cJSON *
ke_plan_default(const struct ke_plan *p)
{
	int64_t values[KE_TUNE_MAX];
	cJSON *o = cJSON_CreateObject();
	struct ke_err e;
	int bad;

	own_values(p, find_row(p, NULL, &e, &bad), values);
	for (size_t i = 0; i < p->n_tune; i++)
		ke_json_add_number(o, p->tune[i].name, (double)values[i]);
	return o;
}

/* A number that the harness would have to cut is refused, an offset outside
 * its tensor too. */
static int
resolve_arg(const struct ke_op *op, const struct ke_arg *a,
    const struct ke_scope *s, int64_t *offset, struct ke_err *e)
{
	int64_t shape[KE_RANK_MAX], count, value;

	*offset = 0;
	if (a->kind == KE_ARG_SCALAR && !a->wide) {
		value = *ke_scope_find(s, a->name, strlen(a->name));
		if (value < INT32_MIN || value > INT32_MAX)
			return ke_fail(e, "%lld is no int", (long long)value);
	}
	if (a->offset == NULL)
		return 0;
	if (ke_expr(a->offset, s, offset, e) == -1 ||
	    ke_op_shape(&op->tensors[a->index], s, shape, &count, e) == -1)
		return -1;
	if (*offset < 0 || *offset > count)
		return ke_fail(e, "offset %lld is outside the tensor",
		    (long long)*offset);
	return 0;
}

/* Three extents, 1 where not said, of a product of at most max. */
static int
extents(const char *const *expr, size_t n, const struct ke_scope *s,
    int64_t max, const char *what, int64_t *to, struct ke_err *e)
{
	int64_t all = 1;

	for (size_t i = 0; i < 3; i++) {
		to[i] = 1;
		if (i < n && ke_expr(expr[i], s, &to[i], e) == -1)
			return -1;
		if (to[i] < 1 || to[i] > INT32_MAX ||
		    __builtin_mul_overflow(all, to[i], &all) || all > max)
			return ke_fail(e, "%lld %s", (long long)to[i], what);
	}
	return 0;
}

static int
resolve_list(const char *const *expr, size_t n, const struct ke_scope *s,
    int64_t min, const char *what, int64_t *to, struct ke_err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (ke_expr(expr[i], s, &to[i], e) == -1)
			return -1;
		if (to[i] < min || to[i] > UINT32_MAX)
			return ke_fail(e, "%s: %lld", what,
			    (long long)to[i]);
	}
	return 0;
}

/* Does the view lie within what it is a view of? */
static int
check_map(const struct ke_plan *p, const struct ke_op *op, size_t k,
    const struct ke_resolved *r, struct ke_err *e)
{
	const struct ke_map *m = &p->maps[k];
	int64_t shape[KE_RANK_MAX], count, last = 0, part;

	if (m->workspace)
		count = r->workspace[m->index];
	else if (ke_op_shape(&op->tensors[m->index], &r->scope, shape, &count,
	    e) == -1)
		return -1;
	for (size_t i = 0; i < m->rank; i++)
		if (__builtin_mul_overflow(r->map[k].shape[i] - 1,
		    r->map[k].stride[i], &part) ||
		    __builtin_add_overflow(last, part, &last) || last >= count)
			return ke_fail(e, "reaches beyond %s",
			    m->workspace ? p->workspaces[m->index].name
			    : op->tensors[m->index].name);
	return 0;
}

static int
resolve_map(const struct ke_plan *p, const struct ke_op *op, size_t k,
    struct ke_resolved *r, struct ke_err *e)
{
	const struct ke_map *m = &p->maps[k];
	int64_t dense = 1;

	if (resolve_list(m->shape, m->rank, &r->scope, 1, "shape",
	    r->map[k].shape, e) == -1 || resolve_list(m->box, m->rank,
	    &r->scope, 1, "box", r->map[k].box, e) == -1)
		return -1;
	if (!m->dense && resolve_list(m->stride, m->rank - 1, &r->scope, 0,
	    "stride", r->map[k].stride, e) == -1)
		return -1;
	r->map[k].stride[m->rank - 1] = 1;
	for (size_t i = m->rank; m->dense && i-- > 0;) {
		r->map[k].stride[i] = dense;
		if (__builtin_mul_overflow(dense, r->map[k].shape[i], &dense))
			return ke_fail(e, "shape: too large");
	}
	return check_map(p, op, k, r, e);
}

/* The number, if it is said, of min to max. */
static int
resolve_number(const char *expr, const struct ke_scope *s, int64_t min,
    int64_t max, const char *what, int64_t *to, struct ke_err *e)
{
	*to = 0;
	if (expr == NULL)
		return 0;
	if (ke_expr(expr, s, to, e) == -1)
		return -1;
	return *to >= min && *to <= max ? 0 : ke_fail(e, "%s: %lld is not "
	    "%lld to %lld", what, (long long)*to, (long long)min,
	    (long long)max);
}

static int
resolve_triton(const struct ke_launch *l, size_t k, struct ke_resolved *r,
    struct ke_err *e)
{
	if (resolve_number(l->warps, &r->scope, 1, WARPS_MAX, "num_warps",
	    &r->warps[k], e) == -1 || resolve_number(l->stages, &r->scope, 1,
	    STAGES_MAX, "num_stages", &r->stages[k], e) == -1)
		return -1;
	if ((r->warps[k] & (r->warps[k] - 1)) != 0)
		return ke_fail(e, "num_warps: %lld is no power of two",
		    (long long)r->warps[k]);
	if (l->warps != NULL)
		r->block[k][0] = WARP * r->warps[k];
	for (size_t i = 0; i < l->n_fixed; i++)
		if (ke_expr(l->fixed[i].expr, &r->scope, &r->fixed[k][i],
		    e) == -1)
			return -1;
	return 0;
}

static int
resolve_launch(const struct ke_plan *p, const struct ke_op *op, size_t k,
    struct ke_resolved *r, struct ke_err *e)
{
	const struct ke_launch *l = &p->launches[k];
	struct ke_err why;

	if (extents(l->grid, l->n_grid, &r->scope, GRID_MAX, "blocks",
	    r->grid[k], &why) == -1)
		return ke_fail(e, "launches[%zu]: grid: %s", k, why.msg);
	if (extents(l->block, l->n_block, &r->scope, BLOCK_MAX, "threads",
	    r->block[k], &why) == -1)
		return ke_fail(e, "launches[%zu]: block: %s", k, why.msg);
	if (resolve_triton(l, k, r, &why) == -1)
		return ke_fail(e, "launches[%zu]: %s", k, why.msg);
	if (extents(l->cluster, l->n_cluster, &r->scope, CLUSTER_MAX,
	    "blocks", r->cluster[k], &why) == -1)
		return ke_fail(e, "launches[%zu]: cluster: %s", k, why.msg);
	for (size_t i = 0; i < 3 && l->n_cluster > 0; i++)
		if (r->grid[k][i] % r->cluster[k][i] != 0)
			return ke_fail(e, "launches[%zu]: cluster: %lld does "
			    "not divide the grid's %lld", k,
			    (long long)r->cluster[k][i],
			    (long long)r->grid[k][i]);
	if (l->n_cluster == 0)
		memset(r->cluster[k], 0, sizeof(r->cluster[k]));
	r->shared[k] = 0;
	if (l->shared != NULL &&
	    ke_expr(l->shared, &r->scope, &r->shared[k], e) == -1)
		return -1;
	if (r->shared[k] < 0 || r->shared[k] > KE_SHARED_MAX)
		return ke_fail(e, "launches[%zu]: shared: %lld bytes", k,
		    (long long)r->shared[k]);
	for (size_t i = 0; i < l->n_args; i++)
		if (resolve_arg(op, &l->args[i], &r->scope, &r->offset[k][i],
		    &why) == -1)
			return ke_fail(e, "launches[%zu]: %s: %s", k,
			    l->args[i].name, why.msg);
	return 0;
}

static int
resolve_workspace(const struct ke_plan *p, size_t k, struct ke_resolved *r,
    struct ke_err *e)
{
	int64_t n = 1, extent;

	for (size_t i = 0; i < p->workspaces[k].rank; i++) {
		if (ke_expr(p->workspaces[k].shape[i], &r->scope, &extent,
		    e) == -1)
			return -1;
		if (extent < 0 || __builtin_mul_overflow(n, extent, &n) ||
		    n > (int64_t)1 << 32)
			return ke_fail(e, "workspace.%s: shape is negative or "
			    "too large", p->workspaces[k].name);
	}
	r->workspace[k] = n;
	return 0;
}

static int
all_hold(const cJSON *all, const struct ke_scope *s, const char **which,
    struct ke_err *e)
{
	const cJSON *v;
	int64_t holds;

	cJSON_ArrayForEach(v, all) {
		if (ke_expr(v->valuestring, s, &holds, e) == -1)
			return -1;
		*which = v->valuestring;
		if (holds == 0)
			return 0;
	}
	return 1;
}

int
ke_plan_resolve(const struct ke_plan *p, const struct ke_op *op,
    const struct ke_case *c, const cJSON *choice, struct ke_resolved *r,
    struct ke_err *e)
{
	const char *which = "";
	const cJSON *row;
	struct ke_err why;
	int got;

	r->scope.n = 0;
	if (ke_op_scope(op, c, &r->scope, e) == -1)
		return -1;
	got = all_hold(p->domain, &r->scope, &which, e);
	r->outside = got == 0;
	if (got != 1)
		return got;
	row = find_row(p, &r->scope, e, &got);
	if (got == -1)
		return -1;
	own_values(p, row, r->tune);
	apply_row(p, choice, r->tune);
	for (size_t i = 0; i < p->n_tune; i++)
		ke_scope_add(&r->scope, p->tune[i].name, r->tune[i]);
	got = all_hold(p->require, &r->scope, &which, e);
	if (got == 0)
		return ke_fail(e, "require: %s does not hold", which);
	for (size_t k = 0; got == 1 && k < p->n_workspaces; k++)
		if (resolve_workspace(p, k, r, e) == -1)
			got = -1;
	for (size_t k = 0; got == 1 && k < p->n_maps; k++)
		if (resolve_map(p, op, k, r, &why) == -1)
			got = ke_fail(e, "maps.%s: %s", p->maps[k].name,
			    why.msg);
	for (size_t k = 0; got == 1 && k < p->n_launches; k++)
		if (resolve_launch(p, op, k, r, e) == -1)
			got = -1;
	return got == 1 ? 0 : -1;
}

int
ke_plan_allows(const struct ke_plan *p, const cJSON *choice, struct ke_err *e)
{
	int64_t values[KE_TUNE_MAX], holds;
	struct ke_scope s = {0};
	struct ke_err ignored;
	const cJSON *v;
	int bad;

	own_values(p, find_row(p, NULL, &ignored, &bad), values);
	apply_row(p, choice, values);
	for (size_t i = 0; i < p->n_tune; i++)
		ke_scope_add(&s, p->tune[i].name, values[i]);
	cJSON_ArrayForEach(v, p->require) {
		if (ke_expr_check(v->valuestring, &s, &ignored) == -1)
			continue; /* it needs a dimension */
		if (ke_expr(v->valuestring, &s, &holds, e) == -1)
			return -1;
		if (holds == 0)
			return 0;
	}
	return 1;
}
