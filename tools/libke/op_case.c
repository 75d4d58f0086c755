/* What an operator says of one case: names, extents. */
#include "op.h"

#define COUNT_MAX ((int64_t)1 << 40) /* elements of a tensor */

int
ke_op_scope(const struct ke_op *op, const struct ke_case *c,
    struct ke_scope *s, struct ke_err *e)
{
	int64_t v;

	for (size_t i = 0; i < op->n_dims; i++)
		ke_scope_add(s, op->dims[i].name, c->dims[i]);
	for (size_t i = 0; i < op->n_derived; i++) {
		if (ke_expr(op->derived[i].expr, s, &v, e) == -1)
			return -1;
		ke_scope_add(s, op->derived[i].name, v);
	}
	return 0;
}

void
ke_op_names(const struct ke_op *op, struct ke_scope *s)
{
	for (size_t i = 0; i < op->n_dims; i++)
		ke_scope_add(s, op->dims[i].name, 1);
	for (size_t i = 0; i < op->n_derived; i++)
		ke_scope_add(s, op->derived[i].name, 1);
}

int
ke_op_shape(const struct ke_tensor *t, const struct ke_scope *s,
    int64_t shape[KE_RANK_MAX], int64_t *count, struct ke_err *e)
{
	*count = 1;
	for (size_t i = 0; i < t->rank; i++) {
		if (ke_expr(t->shape[i], s, &shape[i], e) == -1)
			return -1;
		if (shape[i] < 0 || shape[i] > COUNT_MAX ||
		    __builtin_mul_overflow(*count, shape[i], count) ||
		    *count > COUNT_MAX)
			return ke_fail(e, "%s: shape is negative or beyond "
			    "2^40 elements", t->name);
	}
	return 0;
}

cJSON *
ke_case_json(const struct ke_op *op, const struct ke_case *c)
{
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; i < op->n_dims; i++)
		ke_json_add_number(o, op->dims[i].name, (double)c->dims[i]);
	return o;
}
