/* -R: drawn inputs and the reference's outputs, for cross-checks in other
 * languages. */
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "filter.h"
#include "print_reference.h"
#include "random.h"
#include "reference.h"

#define EXACT ((int64_t)1 << 53) /* larger integers are strings */

/* One case.  data[]: an input's elements in its type, an output's as double
 * or int64_t. */
struct instance {
	const struct ke_op *op;
	enum ke_dtype dtype;
	struct reference reference;
	struct ke_scope scope;
	struct ke_ref ref;
	int64_t count[KE_TENSORS_MAX];
	void *data[KE_TENSORS_MAX];
	int64_t *lengths[KE_TENSORS_MAX]; /* of rows, of outputs by row */
};

static enum ke_dtype
type_of(const struct instance *in, size_t t)
{
	return ke_tensor_dtype(&in->op->tensors[t], in->dtype);
}

static bool
is_whole(const struct instance *in, size_t t)
{
	return ke_dtypes[type_of(in, t)].roundoff == 0;
}

/* Along the last axis. */
static int64_t
row_count(const struct instance *in, size_t t)
{
	int64_t last = in->ref.s[t][in->op->tensors[t].rank - 1];

	return last > 0 ? in->count[t] / last : 0;
}

static int64_t
last_axis(const struct instance *in, size_t t)
{
	return in->ref.s[t][in->op->tensors[t].rank - 1];
}

/* Shapes, dims, and room for every tensor. */
static int
lay_out(struct instance *in, const struct ke_case *c, struct ke_err *e)
{
	const struct ke_op *op = in->op;

	if (ke_op_scope(op, c, &in->scope, e) == -1)
		return -1;
	for (size_t i = 0; i < op->n_dims + op->n_derived; i++)
		in->ref.d[i] = in->scope.names[i].value;
	for (size_t t = 0; t < op->n_tensors; t++) {
		size_t n;

		if (ke_op_shape(&op->tensors[t], &in->scope, in->ref.s[t],
		    &in->count[t], e) == -1)
			return -1;
		n = (size_t)in->count[t];
		if (op->tensors[t].role == KE_LET) {
			in->ref.let[t] = ke_calloc(n, sizeof(double));
			in->ref.have[t] = ke_calloc(n, 1);
		} else {
			in->data[t] = ke_calloc(n, sizeof(int64_t));
		}
	}
	return 0;
}

static int
draw(struct instance *in, uint64_t key, struct ke_err *e)
{
	for (size_t t = 0; t < in->op->n_tensors; t++) {
		if (in->op->tensors[t].role != KE_IN)
			continue;
		if (draw_tensor(in->op, t, type_of(in, t), DRAW_DECLARED,
		    &in->scope, key, in->data[t], in->count[t],
		    last_axis(in, t), in->data, in->count, e) == -1)
			return -1;
		in->ref.t[t] = in->data[t];
	}
	return 0;
}

static void
compute_rows(struct instance *in, size_t t)
{
	int64_t at[KE_RANK_MAX] = {0}, last = last_axis(in, t);
	int64_t rows = row_count(in, t);

	in->lengths[t] = ke_calloc((size_t)rows, sizeof(int64_t));
	for (int64_t i = 0; i < rows; i++) {
		reference_index(in->ref.s[t], in->op->tensors[t].rank - 1, i,
		    at);
		in->lengths[t][i] = in->reference.row[t](&in->ref, at,
		    (char *)in->data[t] + i * last * (int64_t)sizeof(int64_t));
	}
}

static void
compute(struct instance *in, size_t t)
{
	int64_t at[KE_RANK_MAX];

	if (in->op->tensors[t].row) {
		compute_rows(in, t);
		return;
	}
	for (int64_t i = 0; i < in->count[t]; i++) {
		reference_index(in->ref.s[t], in->op->tensors[t].rank, i, at);
		if (is_whole(in, t))
			((int64_t *)in->data[t])[i] =
			    in->reference.whole[t](&in->ref, at);
		else
			((double *)in->data[t])[i] =
			    in->reference.real[t](&in->ref, at);
	}
}

static void
add_integer(struct ke_buf *b, int64_t v)
{
	ke_buf_fmt(b, v > EXACT || v < -EXACT ? "\"%lld\"" : "%lld",
	    (long long)v);
}

static void
add_element(struct ke_buf *b, enum ke_dtype type, const void *p, int64_t i)
{
	double v;

	if (type == KE_I64) {
		add_integer(b, ((const int64_t *)p)[i]);
		return;
	}
	v = draw_read(type, p, i);
	if (isfinite(v))
		ke_buf_fmt(b, "%.17g", v);
	else
		ke_buf_str(b, isnan(v) ? "null" : v > 0 ? "\"inf\""
		    : "\"-inf\"");
}

/* The text of an array is made by hand: a node of cJSON per element costs
 * some hundred bytes, and its numbers may lose the last bit. */
static void
set_array(cJSON *o, const char *name, enum ke_dtype type, const void *p,
    int64_t n)
{
	struct ke_buf b = {0};

	ke_buf_str(&b, "[");
	for (int64_t i = 0; i < n; i++) {
		if (i > 0)
			ke_buf_str(&b, ",");
		add_element(&b, type, p, i);
	}
	ke_buf_str(&b, "]");
	ke_json_set(o, name, cJSON_CreateRaw(b.s));
	ke_buf_free(&b);
}

static cJSON *
set_object(cJSON *o, const char *name)
{
	cJSON *child = cJSON_CreateObject();

	ke_json_set(o, name, child);
	return child;
}

static int
emit(const struct instance *in, const struct ke_case *c)
{
	const struct ke_op *op = in->op;
	cJSON *o = cJSON_CreateObject(), *shapes, *inputs, *outputs, *lengths;
	int status;

	ke_json_set_number(o, "v", 1);
	ke_json_set_string(o, "op", op->name);
	ke_json_set_string(o, "dtype", ke_dtypes[in->dtype].name);
	ke_json_set_string(o, "set", c->set);
	ke_json_set(o, "dims", ke_case_json(op, c));
	shapes = set_object(o, "shapes");
	inputs = set_object(o, "inputs");
	outputs = set_object(o, "outputs");
	lengths = set_object(o, "lengths");
	for (size_t t = 0; t < op->n_tensors; t++) {
		const struct ke_tensor *x = &op->tensors[t];

		if (x->role == KE_LET)
			continue;
		set_array(shapes, x->name, KE_I64, in->ref.s[t],
		    (int64_t)x->rank);
		if (x->role == KE_IN)
			set_array(inputs, x->name, type_of(in, t),
			    in->data[t], in->count[t]);
		else
			set_array(outputs, x->name, is_whole(in, t) ? KE_I64
			    : KE_F64, in->data[t], in->count[t]);
		if (in->lengths[t] != NULL)
			set_array(lengths, x->name, KE_I64, in->lengths[t],
			    row_count(in, t));
	}
	status = ke_filter_emit(o);
	cJSON_Delete(o);
	return status;
}

static void
release(struct instance *in)
{
	for (size_t t = 0; t < in->op->n_tensors; t++) {
		free(in->ref.let[t]);
		free(in->ref.have[t]);
		free(in->data[t]);
		free(in->lengths[t]);
	}
}

static int
print_case(const struct instance *model, const struct ke_case *c,
    uint64_t key, struct ke_err *e)
{
	struct instance in = *model;
	int status = KE_FILTER_REFUSED;

	if (lay_out(&in, c, e) == -1 || draw(&in, key, e) == -1) {
		warnx("%s: %s", in.op->name, e->msg);
		goto out;
	}
	for (size_t t = 0; t < in.op->n_tensors; t++)
		if (in.op->tensors[t].role == KE_OUT)
			compute(&in, t);
	status = emit(&in, c);
out:
	release(&in);
	return status;
}

/* The tensor whose elements this version can't draw, or NULL. */
static const char *
undrawable(const struct instance *in)
{
	for (size_t t = 0; t < in->op->n_tensors; t++)
		if (in->op->tensors[t].role != KE_LET &&
		    ke_dtypes[type_of(in, t)].c[0] == '\0')
			return in->op->tensors[t].name;
	return NULL;
}

int
print_reference(const struct ke_op *op, const char *dtype, const char *set,
    uint64_t seed)
{
	struct instance in = {.op = op, .dtype = ke_dtype_find(dtype)};
	struct ke_err e;
	struct verdict v;
	int status = 0, cases = 0;
	const char *name = undrawable(&in);
	char *so;

	if (name != NULL) {
		warnx("%s: %s: no drawing of dtype %s in this version",
		    op->name, name, dtype);
		return 2;
	}
	so = reference_compile(op, in.dtype, IN_DOUBLE, &v, &e);
	if (so == NULL && v.status != KE_PASS) {
		warnx("%s", v.detail);
		return KE_FILTER_REFUSED;
	}
	if (so == NULL ||
	    reference_load(&in.reference, so, op, in.dtype, &e) == -1) {
		warnx("%s", e.msg);
		free(so);
		return KE_FILTER_FAILED;
	}
	free(so);
	for (size_t i = 0; i < op->n_cases && status == 0; i++)
		if (strcmp(op->cases[i].set, set) == 0) {
			status = print_case(&in, &op->cases[i],
			    random_key(seed, i), &e);
			cases++;
		}
	if (cases == 0) {
		warnx("%s: no cases in set %s", op->name, set);
		return KE_FILTER_REFUSED;
	}
	return status;
}
