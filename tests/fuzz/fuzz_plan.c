/* A candidate's text: its plan, and the plan in numbers. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "plan.h"

#define OFFSETS_END 1099511627776 /* 2^40, what a tensor may hold */

/* Every kind of dimension, role and type, and cases at the ends. */
static const char op_json[] =
    "{\"v\":1, \"name\":\"mix\", \"dims\":[\"B\", \"N\","
    " {\"name\":\"W\", \"type\":\"i64\"}],"
    " \"derived\":{\"P\":\"B*N\", \"Q\":\"W*2\"},"
    " \"tensors\":["
    "  {\"name\":\"x\", \"role\":\"in\", \"dtype\":\"T\","
    "   \"shape\":[\"B\", \"N\"], \"draw\":{\"dist\":\"normal\"}},"
    "  {\"name\":\"w\", \"role\":\"in\", \"dtype\":\"T\","
    "   \"shape\":[\"N\"], \"draw\":{\"dist\":\"normal\"}},"
    "  {\"name\":\"ids\", \"role\":\"in\", \"dtype\":\"i64\","
    "   \"shape\":[\"N\"], \"draw\":{\"dist\":\"uniform\", \"min\":0,"
    "   \"max\":9}},"
    "  {\"name\":\"s\", \"role\":\"let\", \"dtype\":\"f32\","
    "   \"shape\":[\"B\"]},"
    "  {\"name\":\"y\", \"role\":\"out\", \"dtype\":\"T\","
    "   \"shape\":[\"B\", \"N\"], \"reduction\":\"N\"}],"
    " \"dtypes\":{\"f32\":{}},"
    " \"cases\":{\"check\":[{\"B\":3, \"N\":40, \"W\":8},"
    "  {\"B\":1, \"N\":1, \"W\":1}, {\"B\":0, \"N\":7, \"W\":0}],"
    "  \"small\":[{\"B\":64, \"N\":1000, \"W\":4000000000}]}}";

static const struct ke_op *
operator(void)
{
	static struct ke_op *op;
	struct ke_err e;

	if (op == NULL)
		op = ke_op_parse(op_json, sizeof(op_json) - 1, &e);
	HOLDS(op != NULL);
	return op;
}

static void
arg_in_range(const struct ke_op *op, const struct ke_arg *a, int64_t offset,
    const struct ke_scope *s)
{
	int64_t shape[KE_RANK_MAX], count = 0;
	const int64_t *value;
	struct ke_err e;

	HOLDS(offset >= 0 && offset <= OFFSETS_END);
	if (a->kind == KE_ARG_TENSOR) {
		HOLDS(ke_op_shape(&op->tensors[a->index], s, shape, &count,
		    &e) == 0);
		HOLDS(offset <= count);
		return;
	}
	HOLDS(offset == 0);
	if (a->kind == KE_ARG_SCALAR) {
		value = ke_scope_find(s, a->name, strlen(a->name));
		HOLDS(value != NULL);
		HOLDS(a->wide || (int32_t)*value == *value);
	}
}

/* Every element of the view is one of the tensor or workspace. */
static void
map_in_range(const struct ke_plan *p, const struct ke_op *op, size_t k,
    const struct ke_resolved *r)
{
	const struct ke_map *m = &p->maps[k];
	int64_t shape[KE_RANK_MAX], count = 0;
	__int128 last = 0;
	struct ke_err e;

	if (m->workspace)
		count = r->workspace[m->index];
	else
		HOLDS(ke_op_shape(&op->tensors[m->index], &r->scope, shape,
		    &count, &e) == 0);
	HOLDS(m->rank >= 1 && m->rank <= KE_MAP_RANK_MAX);
	HOLDS(r->map[k].stride[m->rank - 1] == 1);
	for (size_t i = 0; i < m->rank; i++) {
		HOLDS(r->map[k].shape[i] >= 1);
		HOLDS(r->map[k].shape[i] <= UINT32_MAX);
		HOLDS(r->map[k].box[i] >= 1 && r->map[k].box[i] <= UINT32_MAX);
		HOLDS(r->map[k].stride[i] >= 0);
		last += (__int128)(r->map[k].shape[i] - 1) *
		    r->map[k].stride[i];
	}
	HOLDS(last < count);
}

static int64_t
product(const int64_t *v)
{
	return v[0] * v[1] * v[2];
}

/* What a GPU is asked for, and nothing of it where the plan is for a CPU. */
static void
threads_in_range(const struct ke_plan *p, size_t k,
    const struct ke_resolved *r)
{
	const struct ke_launch *l = &p->launches[k];

	HOLDS(p->gpu == (l->n_block > 0));
	HOLDS(p->gpu || (l->n_cluster == 0 && !l->cooperative));
	for (size_t i = 0; i < 3; i++) {
		HOLDS(r->block[k][i] >= 1 && r->block[k][i] <= 1024);
		HOLDS(r->cluster[k][i] >= 0 && r->cluster[k][i] <= 16);
		HOLDS((r->cluster[k][i] == 0) == (l->n_cluster == 0));
		HOLDS(l->n_cluster == 0 ||
		    r->grid[k][i] % r->cluster[k][i] == 0);
	}
	HOLDS(product(r->block[k]) <= 1024 && product(r->cluster[k]) <= 16);
}

static void
in_range(const struct ke_plan *p, const struct ke_op *op,
    const struct ke_resolved *r)
{
	for (size_t k = 0; k < p->n_workspaces; k++)
		HOLDS(r->workspace[k] >= 0 &&
		    r->workspace[k] <= (int64_t)1 << 32);
	for (size_t k = 0; k < p->n_maps; k++)
		map_in_range(p, op, k, r);
	for (size_t k = 0; k < p->n_launches; k++) {
		const struct ke_launch *l = &p->launches[k];
		int64_t blocks = 1;

		threads_in_range(p, k, r);

		for (size_t i = 0; i < 3; i++) {
			HOLDS(r->grid[k][i] >= 1);
			HOLDS(r->grid[k][i] <= INT32_MAX);
			blocks *= r->grid[k][i];
			HOLDS(blocks <= (int64_t)1 << 31);
		}
		HOLDS(r->shared[k] >= 0 && r->shared[k] <= KE_SHARED_MAX);
		for (size_t i = 0; i < l->n_args; i++)
			arg_in_range(op, &l->args[i], r->offset[k][i],
			    &r->scope);
	}
}

/* What the plan says of every case. */
struct said {
	int status[8];
	struct ke_resolved r[8];
};

static void
resolve(const struct ke_plan *p, const struct ke_op *op, const cJSON *choice,
    struct said *said)
{
	struct ke_err e = {""};

	memset(said, 0, sizeof(*said));
	for (size_t i = 0; i < op->n_cases; i++) {
		struct ke_resolved *r = &said->r[i];

		said->status[i] = ke_plan_resolve(p, op, &op->cases[i],
		    choice, r, &e);
		if (said->status[i] == -1)
			fuzz_message(&e);
		else if (!r->outside)
			in_range(p, op, r);
		r->scope.n = 0; /* its names are the plan's own */
		memset(r->scope.names, 0, sizeof(r->scope.names));
	}
}

/* The last value of each tunable, which is seldom the default. */
static cJSON *
last_values(const struct ke_plan *p)
{
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; i < p->n_tune; i++)
		ke_json_add_number(o, p->tune[i].name,
		    (double)p->tune[i].values[p->tune[i].n - 1]);
	return o;
}

/* The plan that was read, printed and read again, says the same. */
static void
again(const struct ke_plan *p, const struct ke_op *op, const cJSON *choice,
    const struct said *said)
{
	static struct said now;
	char *json = ke_json_print(p->json);
	struct ke_buf text = {0};
	struct ke_plan *back;
	struct ke_err e;

	ke_buf_fmt(&text, "/* ke-plan %s */", json);
	back = ke_plan_parse(text.s, op, &e);
	HOLDS(back != NULL);
	resolve(back, op, choice, &now);
	HOLDS(memcmp(said, &now, sizeof(now)) == 0);
	ke_plan_free(back);
	ke_buf_free(&text);
	free(json);
}

static void
accepted(const struct ke_plan *p, const struct ke_op *op)
{
	static struct said said;
	cJSON *own = ke_plan_default(p), *last = last_values(p);
	struct ke_err e = {""};

	fuzz_prints(p->json);
	HOLDS(ke_plan_check_choice(p, own, &e) == 0);
	HOLDS(ke_plan_check_choice(p, last, &e) == 0);
	if (ke_plan_allows(p, last, &e) == -1)
		fuzz_message(&e);
	resolve(p, op, NULL, &said);
	again(p, op, NULL, &said);
	resolve(p, op, last, &said);
	again(p, op, last, &said);
	cJSON_Delete(own);
	cJSON_Delete(last);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = fuzz_text(data, n);
	const struct ke_op *op = operator();
	struct ke_err e = {""};
	struct ke_plan *p = ke_plan_parse(text, op, &e);

	if (p == NULL) {
		fuzz_message(&e);
		HOLDS(strstr(e.msg, "ke-plan") != NULL);
	} else {
		accepted(p, op);
	}
	ke_plan_free(p);
	free(text);
	return 0;
}
