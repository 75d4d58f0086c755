/* The launches of a plan, ke-plan(5), their arguments and tensor maps. */
#include <string.h>

#include "plan_load.h"

static bool
is_member(const char *name)
{
	static const char *const all[] = {"kernel", "args", "grid", "block",
	    "shared", "cluster", "cooperative", "num_warps", "num_stages",
	    "constexpr"};

	for (size_t i = 0; i < KE_LEN(all); i++)
		if (strcmp(all[i], name) == 0)
			return true;
	return false;
}

static int
workspace_index(const struct ke_plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_workspaces; i++)
		if (strcmp(p->workspaces[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int
map_index(const struct ke_plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_maps; i++)
		if (strcmp(p->maps[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* One to KE_MAP_RANK_MAX expressions. */
static int
load_map_list(const cJSON *m, const char *name, const struct ke_scope *s,
    const char **to, size_t *n, struct ke_err *e)
{
	const cJSON *all = ke_json_get(m, name);
	cJSON *v;

	*n = 0;
	if (all != NULL && !cJSON_IsArray(all))
		return ke_fail(e, "%s: not an array", name);
	cJSON_ArrayForEach(v, all) {
		const char *expr = ke_json_expression(v);

		if (*n == KE_MAP_RANK_MAX || expr == NULL)
			return ke_fail(e, "%s: not one to %d expressions",
			    name, KE_MAP_RANK_MAX);
		if (ke_expr_check(expr, s, e) == -1)
			return -1;
		to[(*n)++] = expr;
	}
	return 0;
}

/* One of four numbers, if the member is there. */
static int
load_bytes(const cJSON *m, const char *name, const int *all, int *to,
    struct ke_err *e)
{
	const cJSON *v = ke_json_get(m, name);
	int64_t n;

	if (v == NULL)
		return 0;
	for (int i = 0; i < 4; i++)
		if (ke_json_integer(v, &n) && n == all[i]) {
			*to = all[i];
			return 0;
		}
	return ke_fail(e, "%s: not %d, %d, %d or %d", name, all[0], all[1],
	    all[2], all[3]);
}

static int
load_map(const struct ke_plan *p, const struct ke_op *op,
    const struct ke_scope *s, const cJSON *m, struct ke_map *to,
    struct ke_err *e)
{
	static const char *const known[] = {"tensor", "shape", "stride", "box",
	    "swizzle", "promotion"};
	static const int swizzles[] = {0, 32, 64, 128};
	static const int promotions[] = {0, 64, 128, 256};
	const char *name = ke_json_string(m, "tensor");
	int tensor = name == NULL ? -1 : ke_op_tensor(op, name);
	size_t strides, boxes, i;
	const cJSON *v;

	cJSON_ArrayForEach(v, m) {
		for (i = 0; i < KE_LEN(known); i++)
			if (strcmp(known[i], v->string) == 0)
				break;
		if (i == KE_LEN(known))
			return ke_fail(e, "%s: unknown member", v->string);
	}
	to->workspace = tensor == -1;
	to->index = name == NULL ? -1 : tensor != -1 ? tensor
	    : workspace_index(p, name);
	if (to->index == -1 || (tensor != -1 &&
	    op->tensors[tensor].role == KE_LET))
		return ke_fail(e, "tensor: not a tensor or workspace");
	if (load_map_list(m, "shape", s, to->shape, &to->rank, e) == -1 ||
	    load_map_list(m, "stride", s, to->stride, &strides, e) == -1 ||
	    load_map_list(m, "box", s, to->box, &boxes, e) == -1)
		return -1;
	if (to->rank == 0 || boxes != to->rank ||
	    (strides != 0 && strides + 1 != to->rank))
		return ke_fail(e, "shape and box need as many extents, stride "
		    "one less");
	to->dense = strides == 0;
	to->swizzle = 0;
	to->promotion = 128;
	if (load_bytes(m, "swizzle", swizzles, &to->swizzle, e) == -1 ||
	    load_bytes(m, "promotion", promotions, &to->promotion, e) == -1)
		return -1;
	return 0;
}

int
plan_load_maps(struct ke_plan *p, const struct ke_op *op,
    const struct ke_scope *s, struct ke_err *e)
{
	const cJSON *m;
	struct ke_err why;

	cJSON_ArrayForEach(m, ke_json_get(p->json, "maps")) {
		struct ke_map *to = &p->maps[p->n_maps];

		if (p->n_maps == KE_MAPS_MAX)
			return ke_fail(e, "maps: more than %d", KE_MAPS_MAX);
		to->name = m->string;
		if (!ke_is_name(m->string) || !cJSON_IsObject(m))
			return ke_fail(e, "maps.%s: not a name with an object",
			    m->string);
		if (load_map(p, op, s, m, to, &why) == -1)
			return ke_fail(e, "maps.%s: %s", m->string, why.msg);
		p->n_maps++;
	}
	return 0;
}

static bool
is_wide(const struct ke_op *op, const char *name)
{
	for (size_t i = 0; i < op->n_dims; i++)
		if (strcmp(op->dims[i].name, name) == 0)
			return op->dims[i].wide;
	return false;
}

static int
load_arg(const struct ke_plan *p, const struct ke_op *op,
    const struct ke_scope *s, cJSON *v, struct ke_arg *a, struct ke_err *e)
{
	const char *name = cJSON_IsString(v) ? v->valuestring
	    : ke_json_string(v, "tensor");
	int tensor, workspace, map;

	if (name == NULL)
		return ke_fail(e, "not a name or {\"tensor\": NAME}");
	*a = (struct ke_arg){.name = name, .kind = KE_ARG_SCALAR};
	if (cJSON_IsObject(v)) {
		a->offset = ke_json_expression(ke_json_get(v, "offset"));
		if (a->offset == NULL || cJSON_GetArraySize(v) != 2)
			return ke_fail(e, "%s: needs an offset, and only "
			    "that", name);
		if (ke_expr_check(a->offset, s, e) == -1)
			return -1;
	}
	tensor = ke_op_tensor(op, name);
	workspace = workspace_index(p, name);
	map = map_index(p, name);
	if (tensor != -1 && op->tensors[tensor].role != KE_LET) {
		a->kind = KE_ARG_TENSOR;
		a->index = tensor;
	} else if (workspace != -1) {
		a->kind = KE_ARG_WORKSPACE;
		a->index = workspace;
	} else if (map != -1) {
		a->kind = KE_ARG_MAP;
		a->index = map;
	} else if (ke_scope_find(s, name, strlen(name)) != NULL) {
		a->wide = is_wide(op, name);
	} else {
		return ke_fail(e, "no such name: %s", name);
	}
	if (a->offset != NULL && a->kind != KE_ARG_TENSOR)
		return ke_fail(e, "%s: only a tensor has an offset", name);
	return 0;
}

/* One to three expressions, if the member is there. */
static int
load_extents(const cJSON *v, const char *name, const struct ke_scope *s,
    const char **to, size_t *n, struct ke_err *e)
{
	const cJSON *all = ke_json_get(v, name);
	cJSON *m;

	if (all != NULL &&
	    (!cJSON_IsArray(all) || cJSON_GetArraySize(all) < 1))
		return ke_fail(e, "%s: not a non-empty array", name);
	cJSON_ArrayForEach(m, all) {
		const char *expr = ke_json_expression(m);

		if (*n == 3 || expr == NULL)
			return ke_fail(e, "%s: not one to three expressions",
			    name);
		if (ke_expr_check(expr, s, e) == -1)
			return -1;
		to[(*n)++] = expr;
	}
	return 0;
}

/* An expression, if the member is there. */
static int
load_expression(const cJSON *v, const char *name, const struct ke_scope *s,
    const char **to, struct ke_err *e)
{
	if (ke_json_get(v, name) == NULL)
		return 0;
	*to = ke_json_expression(ke_json_get(v, name));
	return *to == NULL ? ke_fail(e, "%s: not an expression", name)
	    : ke_expr_check(*to, s, e);
}

/* What only a launch of Triton's has. */
static int
load_triton(const cJSON *v, const struct ke_scope *s, struct ke_launch *l,
    struct ke_err *e)
{
	static const char *const others[] = {"block", "shared", "cluster",
	    "cooperative"};
	const cJSON *fixed = ke_json_get(v, "constexpr");
	cJSON *m;

	if (load_expression(v, "num_warps", s, &l->warps, e) == -1 ||
	    load_expression(v, "num_stages", s, &l->stages, e) == -1)
		return -1;
	if (l->warps == NULL && (l->stages != NULL || fixed != NULL))
		return ke_fail(e, "%s: without num_warps", fixed != NULL
		    ? "constexpr" : "num_stages");
	if (l->warps != NULL && l->n_grid == 0)
		return ke_fail(e, "num_warps: without grid");
	for (size_t i = 0; i < KE_LEN(others) && l->warps != NULL; i++)
		if (ke_json_get(v, others[i]) != NULL)
			return ke_fail(e, "%s: with num_warps", others[i]);
	if (fixed != NULL && !cJSON_IsObject(fixed))
		return ke_fail(e, "constexpr: not an object");
	cJSON_ArrayForEach(m, fixed) {
		const char *expr = ke_json_expression(m);

		if (l->n_fixed == KE_ARGS_MAX)
			return ke_fail(e, "constexpr: more than %d",
			    KE_ARGS_MAX);
		if (!ke_is_name(m->string) || expr == NULL)
			return ke_fail(e, "constexpr.%s: not a name with an "
			    "expression", m->string);
		if (ke_scope_find(s, m->string, strlen(m->string)) != NULL)
			return ke_fail(e, "constexpr.%s: the name is taken",
			    m->string);
		if (ke_expr_check(expr, s, e) == -1)
			return -1;
		l->fixed[l->n_fixed].name = m->string;
		l->fixed[l->n_fixed++].expr = expr;
	}
	return 0;
}

static int
load_launch(const struct ke_plan *p, const struct ke_op *op,
    const struct ke_scope *s, cJSON *v, struct ke_launch *l,
    struct ke_err *e)
{
	const cJSON *args = ke_json_array(v, "args");
	cJSON *m;

	if (!cJSON_IsObject(v))
		return ke_fail(e, "not an object");
	cJSON_ArrayForEach(m, v)
		if (!is_member(m->string))
			return ke_fail(e, "%s: unknown member", m->string);
	l->kernel = ke_json_string(v, "kernel");
	if (l->kernel == NULL || !ke_is_name(l->kernel) ||
	    strncmp(l->kernel, "ke_", 3) == 0)
		return ke_fail(e, "kernel: not a name of a function");
	if (args == NULL)
		return ke_fail(e, "args: not an array");
	cJSON_ArrayForEach(m, args) {
		if (l->n_args == KE_ARGS_MAX)
			return ke_fail(e, "args: more than %d", KE_ARGS_MAX);
		if (load_arg(p, op, s, m, &l->args[l->n_args], e) == -1)
			return -1;
		l->n_args++;
	}
	if (load_extents(v, "grid", s, l->grid, &l->n_grid, e) == -1 ||
	    load_extents(v, "block", s, l->block, &l->n_block, e) == -1 ||
	    load_extents(v, "cluster", s, l->cluster, &l->n_cluster, e) == -1)
		return -1;
	if (l->n_grid == 0 && l->n_block > 0)
		return ke_fail(e, "block: without grid");
	m = ke_json_get(v, "cooperative");
	if (m != NULL && !cJSON_IsBool(m))
		return ke_fail(e, "cooperative: not true or false");
	l->cooperative = cJSON_IsTrue(m);
	if (l->n_block == 0 && (l->n_cluster > 0 || l->cooperative))
		return ke_fail(e, "%s: without block", l->n_cluster > 0
		    ? "cluster" : "cooperative");
	l->shared = ke_json_expression(ke_json_get(v, "shared"));
	if (ke_json_get(v, "shared") != NULL &&
	    (l->shared == NULL || l->n_grid == 0))
		return ke_fail(e, "shared: not an expression of a launch with "
		    "grid");
	if (l->shared != NULL && ke_expr_check(l->shared, s, e) == -1)
		return -1;
	return load_triton(v, s, l, e);
}

/* A number for each type that an argument may have in C. */
static int
arg_type(const struct ke_plan *p, const struct ke_op *op,
    const struct ke_arg *a)
{
	const struct ke_tensor *t = &op->tensors[a->index];

	switch (a->kind) {
	case KE_ARG_TENSOR:
		return (t->variant ? KE_DTYPE_COUNT : (int)t->dtype) +
		    (t->role == KE_IN ? 64 : 0);
	case KE_ARG_WORKSPACE:
		return (int)p->workspaces[a->index].dtype;
	case KE_ARG_MAP:
		return -3;
	case KE_ARG_SCALAR:
		return a->wide ? -2 : -1;
	}
	return 0;
}

/* The prototypes of one function's launches must agree, or the compiler would
 * report a conflict that nobody wrote. */
static bool
same_prototype(const struct ke_plan *p, const struct ke_op *op,
    const struct ke_launch *a, const struct ke_launch *b)
{
	if (a->n_args != b->n_args || (a->n_grid == 0) != (b->n_grid == 0))
		return false;
	for (size_t i = 0; i < a->n_args; i++)
		if (arg_type(p, op, &a->args[i]) !=
		    arg_type(p, op, &b->args[i]))
			return false;
	return true;
}

int
plan_load_launches(struct ke_plan *p, const struct ke_op *op,
    const struct ke_scope *s, struct ke_err *e)
{
	cJSON *v;

	cJSON_ArrayForEach(v, ke_json_array(p->json, "launches")) {
		struct ke_err why;
		size_t k = p->n_launches;

		if (k == KE_LAUNCHES_MAX)
			return ke_fail(e, "launches: more than %d",
			    KE_LAUNCHES_MAX);
		if (load_launch(p, op, s, v, &p->launches[k], &why) == -1)
			return ke_fail(e, "launches[%zu]: %s", k, why.msg);
		for (size_t i = 0; i < k; i++)
			if (p->launches[k].warps == NULL &&
			    strcmp(p->launches[i].kernel,
			    p->launches[k].kernel) == 0 &&
			    !same_prototype(p, op, &p->launches[i],
			    &p->launches[k]))
				return ke_fail(e, "launches[%zu]: %s is "
				    "launched before with other arguments", k,
				    p->launches[k].kernel);
		if (k > 0 && p->triton != (p->launches[k].warps != NULL))
			return ke_fail(e, "launches[%zu]: num_warps: all "
			    "launches have it, or none", k);
		p->triton = p->launches[k].warps != NULL;
		if (k > 0 && !p->triton &&
		    p->gpu != (p->launches[k].n_block > 0))
			return ke_fail(e, "launches[%zu]: block: all launches "
			    "have one, or none", k);
		p->gpu = p->triton || p->launches[k].n_block > 0;
		p->n_launches++;
	}
	return p->n_launches > 0 ? 0
	    : ke_fail(e, "launches: not a non-empty array");
}
