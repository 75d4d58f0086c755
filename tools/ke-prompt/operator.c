/* An operator in words: what a candidate is to compute. */
#include <stdlib.h>
#include <string.h>

#include "concern.h"
#include "file.h"
#include "operator.h"
#include "text.h"

#define SOURCE_MAX ((size_t)1 << 20) /* bytes */

/* Those that were asked for; never freed. */
struct operators {
	struct operator_text **all;
	size_t n;
};

static const char *const role_names[] = {"in", "out", "let"};

static void
describe_dims(struct ke_buf *b, const struct ke_op *op)
{
	ke_buf_str(b, "Dims:");
	for (size_t i = 0; i < op->n_dims; i++)
		ke_buf_fmt(b, "%s %s%s", i == 0 ? "" : ",", op->dims[i].name,
		    op->dims[i].wide ? " (int64_t)" : "");
	ke_buf_str(b, "\n");
	for (size_t i = 0; i < op->n_derived; i++)
		ke_buf_fmt(b, "Derived: %s = %s\n", op->derived[i].name,
		    op->derived[i].expr);
	ke_buf_str(b, "\n");
}

static void
describe_type(struct ke_buf *b, const struct ke_tensor *t,
    enum ke_dtype variant)
{
	const struct ke_dtype_info *d = &ke_dtypes[ke_tensor_dtype(t, variant)];

	ke_buf_str(b, d->name);
	if (*d->c != '\0' && t->role != KE_LET)
		ke_buf_fmt(b, ", %s%s *", t->role == KE_IN ? "const " : "",
		    d->c);
}

/* What is beside role, type and shape: how an input is drawn, what an output
 * is held to. */
static void
describe_notes(struct ke_buf *b, const struct ke_op *op,
    const struct ke_tensor *t)
{
	const cJSON *list = ke_json_array(op->json, "tensors");
	const cJSON *draw = ke_json_object(
	    cJSON_GetArrayItem(list, (int)(t - op->tensors)), "draw");

	if (t->role == KE_IN && draw != NULL) {
		char *s = ke_json_print(draw);

		ke_buf_fmt(b, "; drawn %s", s);
		free(s);
	}
	if (t->role == KE_OUT)
		ke_buf_fmt(b, "; %s terms an element, errors relative to %s",
		    t->reduction, t->scale == KE_SCALE_TERMS
		    ? "the sum of absolute terms"
		    : "the element or its row's root mean square");
	if (t->role == KE_OUT && t->length != -1)
		ke_buf_fmt(b, "; elements meant per row: %s",
		    op->tensors[t->length].name);
	if (t->role == KE_LET)
		ke_buf_str(b, "; an intermediate, no argument");
}

static void
describe_tensors(struct ke_buf *b, const struct ke_op *op,
    enum ke_dtype variant)
{
	ke_buf_str(b, "Tensors (dense, row-major, last index fastest):\n");
	for (size_t i = 0; i < op->n_tensors; i++) {
		const struct ke_tensor *t = &op->tensors[i];

		ke_buf_fmt(b, "- %s: %s, ", t->name, role_names[t->role]);
		describe_type(b, t, variant);
		ke_buf_str(b, ", [");
		for (size_t k = 0; k < t->rank; k++)
			ke_buf_fmt(b, "%s%s", k == 0 ? "" : ", ", t->shape[k]);
		ke_buf_str(b, "]");
		describe_notes(b, op, t);
		ke_buf_str(b, "\n");
	}
}

static void
describe_tolerance(struct ke_buf *b, const struct ke_op *op,
    const struct ke_tolerance *tol, enum ke_dtype variant)
{
	double u = ke_dtypes[variant].roundoff;

	ke_buf_fmt(b, "\nDtype %s.  ", ke_dtypes[variant].name);
	if (u == 0)
		ke_buf_str(b, "Results are exact.\n");
	else
		ke_buf_fmt(b, "An element is accepted iff |y - ref| <= "
		    "%.3g |ref| + %.3g sqrt(n) scale, n its terms.\n", u,
		    tol->c * ke_dtypes[tol->acc].roundoff);
	if (op->flops != NULL)
		ke_buf_fmt(b, "Operations: %s\n", op->flops);
	if (op->bytes != NULL)
		ke_buf_fmt(b, "Bytes that must move: %s\n", op->bytes);
}

static const struct {
	const char *set, *words;
} sets[] = {
	{"check", "for correctness alone"},
	{"small", "timed on CPUs"},
	{"production", "timed on GPUs"},
};

static const char *
set_words(const char *set)
{
	for (size_t i = 0; i < KE_LEN(sets); i++)
		if (strcmp(sets[i].set, set) == 0)
			return sets[i].words;
	return "timed";
}

static void
describe_cases(struct ke_buf *b, const struct ke_op *op)
{
	const char *set = "";

	for (size_t i = 0; i < op->n_cases; i++) {
		const struct ke_case *c = &op->cases[i];

		if (strcmp(set, c->set) != 0)
			ke_buf_fmt(b, "\nCases %s (%s)", c->set,
			    set_words(c->set));
		ke_buf_str(b, strcmp(set, c->set) != 0 ? ": " : "; ");
		for (size_t k = 0; k < op->n_dims; k++)
			ke_buf_fmt(b, "%s%s=%lld", k == 0 ? "" : " ",
			    op->dims[k].name, (long long)c->dims[k]);
		if (c->weight != 1)
			ke_buf_fmt(b, " weight %.4g", c->weight);
		set = c->set;
	}
	ke_buf_str(b, "\n");
}

/* The file of the operator's folder, or -1 with the reason. */
static int
read_source(const struct ke_op *op, const char *file, struct ke_buf *b,
    struct ke_err *e)
{
	struct ke_buf path = {0};
	int status;

	ke_buf_fmt(&path, "%s/%s", op->dir, file);
	status = ke_file_read(path.s, SOURCE_MAX, b, e);
	ke_buf_free(&path);
	return status;
}

static void
add_words(struct operator_text *t)
{
	const cJSON *tag;

	ke_buf_fmt(&t->words, "%s ", t->op->name);
	cJSON_ArrayForEach(tag, ke_json_array(t->op->json, "tags")) {
		const char *s = cJSON_GetStringValue(tag);

		if (s == NULL)
			continue;
		t->about |= concern_find(s, strlen(s));
		ke_buf_fmt(&t->words, "%s ", s);
	}
	if (t->op->summary != NULL)
		ke_buf_str(&t->words, t->op->summary);
}

static int
describe(struct operator_text *t, const char *dtype, struct ke_err *e)
{
	struct ke_buf ref = {0};
	struct ke_tolerance tol;
	enum ke_dtype variant;

	if (dtype == NULL)
		dtype = ke_op_default_dtype(t->op);
	variant = ke_dtype_find(dtype);
	if (ke_op_tolerance(t->op, dtype, &tol, e) == -1 ||
	    read_source(t->op, "ref.c", &ref, e) == -1) {
		ke_buf_free(&ref);
		return -1;
	}
	ke_buf_fmt(&t->text, "## Operator %s\n\n%s\n\n", t->op->name,
	    t->op->summary != NULL ? t->op->summary : "");
	describe_dims(&t->text, t->op);
	describe_tensors(&t->text, t->op, variant);
	describe_tolerance(&t->text, t->op, &tol, variant);
	describe_cases(&t->text, t->op);
	ke_buf_str(&t->text, "\nThe reference, ref.c, in double precision "
	    "(REF_y gives an element of y, or with `row` a row of it):\n\n");
	text_fence(&t->text, "c", ref.s);
	ke_buf_str(&t->text, "\n");
	/* an operator need not have a baseline in every language */
	if (read_source(t->op, t->baseline->base, &t->base, e) == -1)
		ke_buf_free(&t->base);
	ke_buf_free(&ref);
	add_words(t);
	return 0;
}

static void
operator_free(struct operator_text *t)
{
	ke_op_free(t->op);
	ke_buf_free(&t->text);
	free(t->key);
	free(t);
}

const struct operator_text *
operator_find(const char *name, const char *dtype,
    const struct language *baseline, struct ke_err *e)
{
	static struct operators known;
	struct operator_text *t;
	struct ke_buf key = {0};

	ke_buf_fmt(&key, "%s\n%s\n%s", name, dtype != NULL ? dtype : "",
	    baseline->name);
	for (size_t i = 0; i < known.n; i++)
		if (strcmp(known.all[i]->key, key.s) == 0) {
			ke_buf_free(&key);
			return known.all[i];
		}
	t = ke_calloc(1, sizeof(*t));
	t->key = key.s;
	t->baseline = baseline;
	t->op = ke_op_load(name, e);
	if (t->op == NULL || describe(t, dtype, e) == -1) {
		operator_free(t);
		return NULL;
	}
	known.all = ke_grow(known.all, known.n + 1, sizeof(t));
	known.all[known.n++] = t;
	return t;
}
