/* The tensors of an operator, ke-op(5): shapes, and how inputs are drawn. */
#include <math.h>
#include <string.h>

#include "op_load.h"

static const char *const role_names[] = {"in", "out", "let", NULL};
static const char *const scale_names[] = {"row", "terms", "own", NULL};
static const char *const dist_names[] = {
    "normal", "uniform", "sorted_distinct", "borders", "sample", NULL};
#define SPECIAL_NAME(name, text) text,
static const char *const special_names[] = {KE_SPECIALS(SPECIAL_NAME) NULL};

static int
find_word(const char *const *words, const char *w)
{
	for (int i = 0; w != NULL && words[i] != NULL; i++)
		if (strcmp(words[i], w) == 0)
			return i;
	return -1;
}

/* One end of a range, as a number or an expression. */
static int
load_end(cJSON *draw, const char *name, double *value, const char **expr)
{
	cJSON *v = ke_json_get(draw, name);

	if (cJSON_IsString(v)) {
		*expr = v->valuestring;
		return 0;
	}
	*value = ke_json_number(draw, name, 0);
	return cJSON_IsNumber(v) && fabs(*value) <= KE_JSON_EXACT ? 0 : -1;
}

static int
load_special(struct ke_tensor *t, const cJSON *draw, struct ke_err *e)
{
	const cJSON *v, *all = ke_json_get(draw, "special");

	if (all == NULL)
		return 0;
	if (!cJSON_IsArray(all) || (!t->variant &&
	    ke_dtypes[t->dtype].roundoff == 0))
		return ke_fail(e, "tensors.%s: draw.special: not an array, or "
		    "not of a floating input", t->name);
	cJSON_ArrayForEach(v, all) {
		int k = find_word(special_names, cJSON_GetStringValue(v));

		if (k == -1)
			return ke_fail(e, "tensors.%s: draw.special: not of "
			    "nan, inf, -0, denormal", t->name);
		t->draw.special |= 1u << k;
	}
	return 0;
}

static int
load_draw(struct ke_op *op, struct ke_tensor *t, cJSON *draw,
    struct ke_err *e)
{
	struct ke_draw *d = &t->draw;
	int dist = find_word(dist_names, ke_json_string(draw, "dist"));
	const char *from = ke_json_string(draw, "from");

	if (dist == -1)
		return ke_fail(e, "tensors.%s: draw.dist: not one of normal, "
		    "uniform, sorted_distinct, borders, sample", t->name);
	d->dist = (enum ke_dist)dist;
	d->from = -1;
	if (load_special(t, draw, e) == -1)
		return -1;
	if (d->dist == KE_NORMAL) {
		d->a = ke_json_number(draw, "mean", 0);
		d->b = ke_json_number(draw, "std", 1);
		return 0;
	}
	if (load_end(draw, "min", &d->a, &d->lo) == -1 ||
	    load_end(draw, "max", &d->b, &d->hi) == -1)
		return ke_fail(e, "tensors.%s: draw: needs min and max, "
		    "within 2^53", t->name);
	if (d->lo == NULL && d->hi == NULL && d->a > d->b)
		return ke_fail(e, "tensors.%s: draw: max is below min",
		    t->name);
	if (d->dist == KE_SAMPLE) {
		d->from = from == NULL ? -1 : ke_op_tensor(op, from);
		d->hit = ke_json_number(draw, "hit", 1);
		if (d->from == -1 || op->tensors[d->from].role != KE_IN ||
		    op->tensors[d->from].variant != t->variant ||
		    op->tensors[d->from].dtype != t->dtype)
			return ke_fail(e, "tensors.%s: draw.from: not an "
			    "earlier input of the same dtype", t->name);
		d->near = ke_json_number(draw, "near", 0);
		if (d->hit < 0 || d->hit > 1)
			return ke_fail(e, "tensors.%s: draw.hit: not within 0 "
			    "to 1", t->name);
		if (d->near < 0 || d->hit + d->near > 1)
			return ke_fail(e, "tensors.%s: draw.near: below 0, or "
			    "above 1 with hit", t->name);
	}
	return 0;
}

/* Are all types that the tensor may have integers, or all floating? */
static bool
all_of(const struct ke_op *op, const struct ke_tensor *t, bool integer)
{
	const cJSON *v;

	if (!t->variant)
		return (ke_dtypes[t->dtype].roundoff == 0) == integer;
	cJSON_ArrayForEach(v, ke_json_object(op->json, "dtypes"))
		if ((ke_dtypes[ke_dtype_find(v->string)].roundoff == 0) !=
		    integer)
			return false;
	return true;
}

static int
check_dist(const struct ke_op *op, const struct ke_tensor *t,
    struct ke_err *e)
{
	switch (t->draw.dist) {
	case KE_NORMAL:
		if (all_of(op, t, false))
			return 0;
		return ke_fail(e, "tensors.%s: draw.dist: integers are not "
		    "normal", t->name);
	case KE_UNIFORM:
		return 0;
	case KE_SAMPLE:
		if (t->draw.near == 0 || all_of(op, t, false))
			return 0;
		return ke_fail(e, "tensors.%s: draw.near: not of integers",
		    t->name);
	case KE_BORDERS:
		if (!all_of(op, t, false))
			return ke_fail(e, "tensors.%s: draw.dist: not of "
			    "integers", t->name);
		if (t->draw.special & 1u << KE_SPECIAL_NAN)
			return ke_fail(e, "tensors.%s: draw.special: nan has "
			    "no place among borders", t->name);
		return 0;
	case KE_SORTED_DISTINCT:
		if (all_of(op, t, true))
			return 0;
		return ke_fail(e, "tensors.%s: draw.dist: of integers only",
		    t->name);
	}
	return 0;
}

static int
load_shape(struct ke_tensor *t, cJSON *shape, struct ke_err *e)
{
	cJSON *v;

	cJSON_ArrayForEach(v, shape) {
		if (t->rank == KE_RANK_MAX)
			return ke_fail(e, "tensors.%s: rank above %d", t->name,
			    KE_RANK_MAX);
		if (ke_json_expression(v) == NULL)
			return ke_fail(e, "tensors.%s: shape[%zu]: not an "
			    "expression", t->name, t->rank);
		t->shape[t->rank++] = v->valuestring;
	}
	return t->rank > 0 ? 0
	    : ke_fail(e, "tensors.%s: shape: not a non-empty array", t->name);
}

static int
load_tensor(struct ke_op *op, cJSON *v, struct ke_err *e)
{
	struct ke_tensor *t = &op->tensors[op->n_tensors];
	const char *dtype = ke_json_string(v, "dtype");
	int role = find_word(role_names, ke_json_string(v, "role"));
	int scale = ke_json_get(v, "scale") == NULL ? KE_SCALE_ROW
	    : find_word(scale_names, ke_json_string(v, "scale"));

	t->name = ke_json_string(v, "name");
	if (t->name == NULL || !ke_is_name(t->name))
		return ke_fail(e, "tensors[%zu]: name: not a name",
		    op->n_tensors);
	if (role == -1)
		return ke_fail(e, "tensors.%s: role: not in, out or let",
		    t->name);
	t->role = (enum ke_role)role;
	if (scale == -1)
		return ke_fail(e, "tensors.%s: scale: not row, terms "
		    "or own", t->name);
	t->scale = (enum ke_scale)scale;
	t->variant = dtype != NULL && strcmp(dtype, "T") == 0;
	t->dtype = dtype == NULL ? KE_DTYPE_COUNT : ke_dtype_find(dtype);
	if (!t->variant && t->dtype == KE_DTYPE_COUNT)
		return ke_fail(e, "tensors.%s: dtype: unknown", t->name);
	if (load_shape(t, ke_json_array(v, "shape"), e) == -1)
		return -1;
	t->reduction = ke_json_expression(ke_json_get(v, "reduction"));
	if (t->reduction == NULL)
		t->reduction = "1";
	t->row = ke_json_number(v, "row", 0) != 0;
	t->length = -1;
	if (t->role != KE_IN)
		return 0;
	if (load_draw(op, t, ke_json_object(v, "draw"), e) == -1)
		return -1;
	return check_dist(op, t, e);
}

int
op_load_tensors(struct ke_op *op, struct ke_err *e)
{
	cJSON *v, *all = ke_json_array(op->json, "tensors");
	size_t i = 0;

	cJSON_ArrayForEach(v, all) {
		if (op->n_tensors == KE_TENSORS_MAX)
			return ke_fail(e, "tensors: more than %d",
			    KE_TENSORS_MAX);
		if (load_tensor(op, v, e) == -1)
			return -1;
		op->n_tensors++;
	}
	cJSON_ArrayForEach(v, all) {
		const char *length = ke_json_string(v, "length");
		struct ke_tensor *t = &op->tensors[i++];

		if (length == NULL)
			continue;
		t->length = ke_op_tensor(op, length);
		if (t->length == -1 || t->role != KE_OUT ||
		    op->tensors[t->length].role != KE_OUT ||
		    !all_of(op, &op->tensors[t->length], true) ||
		    op->tensors[t->length].rank != t->rank - 1)
			return ke_fail(e, "tensors.%s: length: not an output "
			    "of integers of the leading dimensions", t->name);
	}
	return op->n_tensors > 0 ? 0
	    : ke_fail(e, "tensors: not a non-empty array");
}
