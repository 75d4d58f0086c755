/* An operator's specification, ke-op(5), read and checked. */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "hash.h"
#include "op_load.h"

#define FILE_MAX ((size_t)1 << 20)
#define WEIGHT_MAX 1e9

static int
load_dims(struct ke_op *op, struct ke_err *e)
{
	const cJSON *all = ke_json_array(op->json, "dims");
	cJSON *v;

	if (all == NULL || cJSON_GetArraySize(all) == 0)
		return ke_fail(e, "dims: not a non-empty array");
	cJSON_ArrayForEach(v, all) {
		const char *name = cJSON_IsString(v) ? v->valuestring
		    : ke_json_string(v, "name");
		const char *type = ke_json_string(v, "type");

		if (op->n_dims == KE_DIMS_MAX)
			return ke_fail(e, "dims: more than %d", KE_DIMS_MAX);
		if (name == NULL || !ke_is_name(name))
			return ke_fail(e, "dims[%zu]: not a name", op->n_dims);
		op->dims[op->n_dims].name = name;
		op->dims[op->n_dims++].wide =
		    type != NULL && strcmp(type, "i64") == 0;
	}
	cJSON_ArrayForEach(v, ke_json_object(op->json, "derived")) {
		if (op->n_derived == KE_DERIVED_MAX)
			return ke_fail(e, "derived: more than %d",
			    KE_DERIVED_MAX);
		if (!ke_is_name(v->string) || ke_json_expression(v) == NULL)
			return ke_fail(e, "derived.%s: not a name with an "
			    "expression", v->string);
		op->derived[op->n_derived].name = v->string;
		op->derived[op->n_derived++].expr = v->valuestring;
	}
	return 0;
}

/* Every name once, every expression over names that are there. */
static int
check_names(const struct ke_op *op, struct ke_err *e)
{
	struct ke_scope s = {0};
	struct ke_err why;

	for (size_t i = 0; i < op->n_dims; i++) {
		if (ke_scope_find(&s, op->dims[i].name,
		    strlen(op->dims[i].name)) != NULL)
			return ke_fail(e, "dims: %s stands twice",
			    op->dims[i].name);
		ke_scope_add(&s, op->dims[i].name, 1);
	}
	for (size_t i = 0; i < op->n_derived; i++) {
		const char *name = op->derived[i].name;

		if (ke_scope_find(&s, name, strlen(name)) != NULL)
			return ke_fail(e, "derived: %s stands twice", name);
		if (ke_expr_check(op->derived[i].expr, &s, &why) == -1)
			return ke_fail(e, "derived.%s: %s", name, why.msg);
		ke_scope_add(&s, name, 1);
	}
	for (size_t i = 0; i < op->n_tensors; i++) {
		const struct ke_tensor *t = &op->tensors[i];
		const char *more[] = {t->reduction, t->draw.lo, t->draw.hi};

		if (ke_scope_find(&s, t->name, strlen(t->name)) != NULL ||
		    ke_op_tensor(op, t->name) != (int)i)
			return ke_fail(e, "tensors: %s stands twice", t->name);
		for (size_t k = 0; k < t->rank; k++)
			if (ke_expr_check(t->shape[k], &s, &why) == -1)
				return ke_fail(e, "tensors.%s: %s", t->name,
				    why.msg);
		for (size_t k = 0; k < KE_LEN(more); k++)
			if (more[k] != NULL &&
			    ke_expr_check(more[k], &s, &why) == -1)
				return ke_fail(e, "tensors.%s: %s", t->name,
				    why.msg);
	}
	if ((op->flops != NULL && ke_expr_check(op->flops, &s, &why) == -1) ||
	    (op->bytes != NULL && ke_expr_check(op->bytes, &s, &why) == -1))
		return ke_fail(e, "flops or bytes: %s", why.msg);
	return 0;
}

static int
load_case(struct ke_op *op, const cJSON *set, size_t k, const cJSON *v,
    struct ke_err *e)
{
	struct ke_case *c;

	/* twice as many each time that the number is a power of two */
	if ((op->n_cases & (op->n_cases - 1)) == 0)
		op->cases = ke_grow(op->cases, op->n_cases * 2 + 1,
		    sizeof(*op->cases));
	c = &op->cases[op->n_cases++];
	*c = (struct ke_case){.set = set->string,
	    .weight = ke_json_number(v, "weight", 1)};
	if (!(c->weight > 0) || c->weight > WEIGHT_MAX)
		return ke_fail(e, "cases.%s[%zu]: weight: not above 0, or "
		    "beyond 10^9", set->string, k);
	for (size_t i = 0; i < op->n_dims; i++)
		if (!ke_json_integer(ke_json_get(v, op->dims[i].name),
		    &c->dims[i]) || c->dims[i] < 0 ||
		    (!op->dims[i].wide && c->dims[i] > INT32_MAX))
			return ke_fail(e, "cases.%s[%zu]: %s: not a whole "
			    "number in range", set->string, k,
			    op->dims[i].name);
	return 0;
}

static int
load_cases(struct ke_op *op, struct ke_err *e)
{
	const cJSON *set, *v;
	bool check = false;

	cJSON_ArrayForEach(set, ke_json_object(op->json, "cases")) {
		size_t k = 0;

		if (!cJSON_IsArray(set))
			return ke_fail(e, "cases.%s: not an array",
			    set->string);
		cJSON_ArrayForEach(v, set)
			if (load_case(op, set, k++, v, e) == -1)
				return -1;
		check = check || (k > 0 && strcmp(set->string, "check") == 0);
	}
	return check ? 0 : ke_fail(e, "cases: check: not a non-empty array");
}

/* Can every case be laid out? */
static int
check_cases(const struct ke_op *op, struct ke_err *e)
{
	for (size_t i = 0, first = 0; i < op->n_cases; i++) {
		struct ke_scope s = {0};
		struct ke_err why;
		int64_t shape[KE_RANK_MAX], count;
		int bad = ke_op_scope(op, &op->cases[i], &s, &why);

		if (op->cases[i].set != op->cases[first].set)
			first = i;
		for (size_t k = 0; !bad && k < op->n_tensors; k++)
			bad = ke_op_shape(&op->tensors[k], &s, shape, &count,
			    &why);
		if (bad)
			return ke_fail(e, "cases.%s[%zu]: %s",
			    op->cases[i].set, i - first, why.msg);
	}
	return 0;
}

static int
load(struct ke_op *op, struct ke_err *e)
{
	const cJSON *variant;
	struct ke_tolerance t;

	op->name = ke_json_string(op->json, "name");
	op->summary = ke_json_string(op->json, "summary");
	op->flops = ke_json_expression(ke_json_get(op->json, "flops"));
	op->bytes = ke_json_expression(ke_json_get(op->json, "bytes"));
	if (ke_json_number(op->json, "v", 0) != 1)
		return ke_fail(e, "v: this tool knows version 1");
	if (op->name == NULL || !ke_is_name(op->name))
		return ke_fail(e, "name: not a name");
	if (op->summary == NULL)
		op->summary = "";
	cJSON_ArrayForEach(variant, ke_json_object(op->json, "dtypes"))
		if (ke_dtype_find(variant->string) == KE_DTYPE_COUNT)
			return ke_fail(e, "dtypes: %s: unknown",
			    variant->string);
		else if (ke_op_tolerance(op, variant->string, &t, e) == -1)
			return -1;
	if (ke_op_default_dtype(op) == NULL)
		return ke_fail(e, "dtypes: not a non-empty object");
	if (load_dims(op, e) == -1 || op_load_tensors(op, e) == -1 ||
	    check_names(op, e) == -1 || load_cases(op, e) == -1)
		return -1;
	return check_cases(op, e);
}

/* Names the operator's contents: what a score depends on. */
static int
hash_files(struct ke_op *op, const struct ke_buf *json, struct ke_err *e)
{
	static const char *const names[] = {"ref.c", "base.c"};
	struct ke_buf all = {0}, path = {0};
	int status = 0;

	ke_buf_add(&all, json->s, json->n);
	for (size_t i = 0; status == 0 && i < KE_LEN(names); i++) {
		path.n = 0;
		ke_buf_fmt(&path, "%s/%s", op->dir, names[i]);
		ke_buf_add(&all, "", 1);
		status = ke_file_read(path.s, FILE_MAX, &all, e);
	}
	ke_sha256_hex(all.s, all.n, op->hash);
	ke_buf_free(&all);
	ke_buf_free(&path);
	return status;
}

struct ke_op *
ke_op_parse(const char *text, size_t n, struct ke_err *e)
{
	struct ke_op *op = ke_calloc(1, sizeof(*op));

	op->json = ke_json_parse(text, n, e);
	if (op->json != NULL && load(op, e) == 0)
		return op;
	ke_op_free(op);
	return NULL;
}

/* op.json alone, from dir. */
static struct ke_op *
load_file(const char *dir, struct ke_buf *text, struct ke_err *e)
{
	struct ke_buf path = {0};
	struct ke_op *op = NULL;
	struct ke_err why;

	ke_buf_fmt(&path, "%s/op.json", dir);
	if (ke_file_read(path.s, FILE_MAX, text, e) == 0) {
		op = ke_op_parse(text->s, text->n, &why);
		if (op == NULL)
			ke_fail(e, "%s: %s", path.s, why.msg);
	}
	ke_buf_free(&path);
	return op;
}

struct ke_op *
ke_op_load(const char *name, struct ke_err *e)
{
	struct ke_op *op;
	struct ke_buf text = {0};
	char *dir = ke_op_find(name, e);
	int bad = -1;

	if (dir == NULL)
		return NULL;
	op = load_file(dir, &text, e);
	if (op == NULL) {
		free(dir);
	} else {
		op->dir = dir;
		bad = hash_files(op, &text, e);
	}
	ke_buf_free(&text);
	if (bad == 0)
		return op;
	ke_op_free(op);
	return NULL;
}

void
ke_op_free(struct ke_op *op)
{
	if (op == NULL)
		return;
	cJSON_Delete(op->json);
	free(op->cases);
	free(op->dir);
	free(op);
}

const char *
ke_op_default_dtype(const struct ke_op *op)
{
	const cJSON *all = ke_json_object(op->json, "dtypes");

	return all == NULL || all->child == NULL ? NULL : all->child->string;
}

int
ke_op_tensor(const struct ke_op *op, const char *name)
{
	for (size_t i = 0; i < op->n_tensors; i++)
		if (strcmp(op->tensors[i].name, name) == 0)
			return (int)i;
	return -1;
}

enum ke_dtype
ke_tensor_dtype(const struct ke_tensor *t, enum ke_dtype variant)
{
	return t->variant ? variant : t->dtype;
}
