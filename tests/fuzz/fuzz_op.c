/* op.json. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "op.h"

#define COUNT_MAX 1099511627776 /* 2^40 */

static void
tensor_in_range(const struct ke_op *op, size_t k)
{
	const struct ke_tensor *t = &op->tensors[k];
	const struct ke_draw *d = &t->draw;

	HOLDS(ke_is_name(t->name));
	HOLDS(ke_op_tensor(op, t->name) == (int)k);
	HOLDS(t->rank >= 1 && t->rank <= KE_RANK_MAX);
	HOLDS(t->variant || t->dtype < KE_DTYPE_COUNT);
	HOLDS(t->reduction != NULL);
	if (t->length != -1)
		HOLDS(op->tensors[t->length].rank == t->rank - 1);
	if (t->role != KE_IN)
		return;
	HOLDS(isfinite(d->a) && isfinite(d->b));
	if (d->dist != KE_SAMPLE)
		return;
	HOLDS(d->from >= 0 && d->from < (int)k);
	HOLDS(op->tensors[d->from].role == KE_IN);
	HOLDS(op->tensors[d->from].variant == t->variant);
	HOLDS(t->variant || op->tensors[d->from].dtype == t->dtype);
	HOLDS(d->hit >= 0 && d->hit <= 1);
}

static void
case_in_range(const struct ke_op *op, const struct ke_case *c)
{
	struct ke_scope s = {0};
	struct ke_err e;
	int64_t shape[KE_RANK_MAX], count;
	cJSON *dims = ke_case_json(op, c);

	fuzz_prints(dims);
	cJSON_Delete(dims);
	HOLDS(c->weight > 0 && isfinite(c->weight));
	HOLDS(ke_op_scope(op, c, &s, &e) == 0);
	for (size_t k = 0; k < op->n_tensors; k++) {
		HOLDS(ke_op_shape(&op->tensors[k], &s, shape, &count, &e) == 0);
		HOLDS(count >= 0 && count <= COUNT_MAX);
		for (size_t i = 0; i < op->tensors[k].rank; i++)
			HOLDS(shape[i] >= 0 && shape[i] <= COUNT_MAX);
	}
}

static void
tolerances(const struct ke_op *op)
{
	const cJSON *v;
	struct ke_tolerance t;
	struct ke_err e = {""};

	cJSON_ArrayForEach(v, ke_json_object(op->json, "dtypes")) {
		HOLDS(ke_op_tolerance(op, v->string, &t, &e) == 0);
		HOLDS(t.c > 0 && t.c2 > 0 && t.acc < KE_DTYPE_COUNT);
	}
}

static void
accepted(const struct ke_op *op)
{
	char *json = ke_json_print(op->json), *again;
	struct ke_op *back;
	struct ke_err e;

	fuzz_prints(op->json);
	for (size_t i = 0; i < op->n_cases; i++)
		case_in_range(op, &op->cases[i]);
	for (size_t i = 0; i < op->n_tensors; i++)
		tensor_in_range(op, i);
	tolerances(op);
	back = ke_op_parse(json, strlen(json), &e);
	HOLDS(back != NULL);
	HOLDS(back->n_cases == op->n_cases);
	for (size_t i = 0; i < op->n_cases; i++)
		HOLDS(memcmp(op->cases[i].dims, back->cases[i].dims,
		    op->n_dims * sizeof(op->cases[i].dims[0])) == 0);
	again = ke_json_print(back->json);
	HOLDS(strcmp(json, again) == 0);
	ke_op_free(back);
	free(json);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = fuzz_bytes(data, n);
	struct ke_err e = {""};
	struct ke_op *op = ke_op_parse(text, n, &e);

	if (op == NULL) {
		fuzz_message(&e);
		HOLDS(strchr(e.msg, ':') != NULL);
	} else {
		accepted(op);
	}
	ke_op_free(op);
	free(text);
	return 0;
}
