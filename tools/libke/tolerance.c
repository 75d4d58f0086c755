/* What op.json says of a variant's tolerance: ke-op(5), TOLERANCE. */
#include "op.h"

bool
ke_tolerance_spares(const struct ke_tolerance *t, const struct ke_needs *c,
    const struct ke_needs *c2)
{
	return t->c >= KE_MARGIN * c->honest && t->c2 >= KE_MARGIN * c2->honest;
}

bool
ke_tolerance_enforces(const struct ke_tolerance *t, const struct ke_needs *c,
    const struct ke_needs *c2)
{
	return ke_tolerance_spares(t, c, c2) &&
	    (c->lower >= KE_MARGIN * t->c || c2->lower >= KE_MARGIN * t->c2);
}

/* Integers are: no error of theirs is excused. */
static bool
is_exact(const struct ke_op *op, enum ke_dtype variant)
{
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role == KE_OUT &&
		    ke_dtypes[ke_tensor_dtype(&op->tensors[t],
		    variant)].roundoff > 0)
			return false;
	return true;
}

/* [honest, lower] */
static int
read_needs(const cJSON *calibrated, const char *name, struct ke_needs *n)
{
	const cJSON *a = ke_json_array(calibrated, name);

	if (cJSON_GetArraySize(a) != 2 || !cJSON_IsNumber(a->child) ||
	    !cJSON_IsNumber(a->child->next))
		return -1;
	*n = (struct ke_needs){.honest = a->child->valuedouble,
	    .lower = a->child->next->valuedouble};
	return n->honest > 0 && n->lower > 0 ? 0 : -1;
}

int
ke_op_tolerance(const struct ke_op *op, const char *dtype,
    struct ke_tolerance *t, struct ke_err *e)
{
	const cJSON *v = ke_json_object(ke_json_object(op->json, "dtypes"),
	    dtype);
	const cJSON *calibrated = ke_json_get(v, "calibrated");
	const char *acc = ke_json_string(v, "acc");
	enum ke_dtype type = ke_dtype_find(dtype);
	struct ke_needs c, c2;

	if (v == NULL)
		return ke_fail(e, "%s: no dtype variant %s", op->name, dtype);
	t->c = ke_json_number(v, "c", 8);
	t->c2 = ke_json_number(v, "c2", 2);
	t->acc = acc != NULL ? ke_dtype_find(acc)
	    : type == KE_F16 || type == KE_BF16 ? KE_F32 : type;
	if (t->acc == KE_DTYPE_COUNT || !(t->c > 0) || !(t->c2 > 0))
		return ke_fail(e, "%s: dtypes.%s: bad tolerance", op->name,
		    dtype);
	t->enforced = is_exact(op, type);
	if (calibrated == NULL)
		return 0;
	if (read_needs(calibrated, "c", &c) == -1 ||
	    read_needs(calibrated, "c2", &c2) == -1)
		return ke_fail(e, "%s: dtypes.%s: calibrated: c and c2 are "
		    "not pairs of numbers above 0", op->name, dtype);
	t->enforced = ke_tolerance_enforces(t, &c, &c2);
	return 0;
}
