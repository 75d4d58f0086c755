/* The truth: ref.c behind the prelude of ke-op(5). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "file.h"
#include "reference.h"

static const char head[] =
    "#include <stdint.h>\n"
    "#include <math.h>\n"
    "struct ke_ref {\n"
    "\tconst void *t[%d];\n"
    "\tdouble *let[%d];\n"
    "\tunsigned char *have[%d];\n"
    "\tint64_t s[%d][%d];\n"
    "\tint64_t d[%d];\n"
    "};\n";

static bool
is_integer(const struct ke_tensor *t, enum ke_dtype variant)
{
	return ke_dtypes[ke_tensor_dtype(t, variant)].roundoff == 0;
}

static void
add_list(struct ke_buf *b, const char *before, const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ke_buf_fmt(b, "%s%s%zu", i > 0 ? ", " : before, name, i);
}

/* The offset of element (i0, i1, ...) as a text. */
static void
add_offset(struct ke_buf *b, size_t t, size_t rank)
{
	for (size_t i = 1; i < rank; i++)
		ke_buf_str(b, "(");
	ke_buf_str(b, "ke_i0");
	for (size_t i = 1; i < rank; i++)
		ke_buf_fmt(b, ") * ke->s[%zu][%zu] + ke_i%zu", t, i, i);
}

/* x(i, j): a read of an input, or a let computed when it is first asked for. */
static void
add_accessor(struct ke_buf *b, const struct ke_op *op, size_t t,
    enum ke_dtype variant)
{
	const struct ke_tensor *x = &op->tensors[t];
	bool integer = is_integer(x, variant);

	if (x->role == KE_LET) {
		ke_buf_fmt(b, "double ke_ref_%s(struct ke_ref *", x->name);
		for (size_t i = 0; i < x->rank; i++)
			ke_buf_str(b, ", int64_t");
		ke_buf_str(b, ");\n");
	}
	ke_buf_fmt(b, "static inline %s\nke_get_%s(struct ke_ref *ke",
	    integer ? "int64_t" : "double", x->name);
	add_list(b, ", int64_t ", "ke_i", 1);
	for (size_t i = 1; i < x->rank; i++)
		ke_buf_fmt(b, ", int64_t ke_i%zu", i);
	ke_buf_str(b, ")\n{\n\tint64_t ke_at = ");
	add_offset(b, t, x->rank);
	ke_buf_str(b, ";\n\n");
	if (x->role == KE_LET) {
		ke_buf_fmt(b, "\tif (!ke->have[%zu][ke_at]) {\n"
		    "\t\tke->let[%zu][ke_at] = ke_ref_%s(ke", t, t, x->name);
		add_list(b, ", ", "ke_i", x->rank);
		ke_buf_fmt(b, ");\n\t\tke->have[%zu][ke_at] = 1;\n\t}\n"
		    "\treturn ke->let[%zu][ke_at];\n}\n", t, t);
	} else {
		ke_buf_fmt(b, "\treturn ((const %s *)ke->t[%zu])[ke_at];\n}\n",
		    ke_dtypes[ke_tensor_dtype(x, variant)].c, t);
	}
	ke_buf_fmt(b, "#define %s(", x->name);
	add_list(b, "", "ke_i", x->rank);
	ke_buf_fmt(b, ") ke_get_%s(ke", x->name);
	add_list(b, ", ", "ke_i", x->rank);
	ke_buf_str(b, ")\n");
}

/* REF_y(i, j): the header of the function that ref.c defines. */
static void
add_header(struct ke_buf *b, const struct ke_op *op, size_t t,
    enum ke_dtype variant)
{
	const struct ke_tensor *y = &op->tensors[t];
	const char *type = is_integer(y, variant) ? "int64_t" : "double";
	size_t n = y->row ? y->rank - 1 : y->rank;

	ke_buf_fmt(b, "#define REF_%s(", y->name);
	add_list(b, "", "ke_i", n);
	ke_buf_fmt(b, "%s) %s ke_ref_%s(struct ke_ref *ke",
	    !y->row ? "" : n > 0 ? ", ke_row" : "ke_row",
	    y->row ? "int64_t" : type, y->name);
	for (size_t i = 0; i < n; i++)
		ke_buf_fmt(b, ", int64_t ke_i%zu", i);
	if (y->row)
		ke_buf_fmt(b, ", %s *ke_row", type);
	ke_buf_str(b, ")\n");
}

static bool
has_own_scale(const struct ke_tensor *t)
{
	return t->role == KE_OUT && t->scale == KE_SCALE_OWN;
}

/* SCALE_y(i, j), and what the verifier calls for it. */
static void
add_scale_header(struct ke_buf *b, const struct ke_tensor *y)
{
	ke_buf_fmt(b, "#define SCALE_%s(", y->name);
	add_list(b, "", "ke_i", y->rank);
	ke_buf_fmt(b, ") double ke_scale_%s(struct ke_ref *ke", y->name);
	for (size_t i = 0; i < y->rank; i++)
		ke_buf_fmt(b, ", int64_t ke_i%zu", i);
	ke_buf_str(b, ")\n");
}

static void
add_scale_entry(struct ke_buf *b, const struct ke_tensor *y, size_t t)
{
	ke_buf_fmt(b, "__attribute__((visibility(\"default\"))) double\n"
	    "ke_own_%zu(struct ke_ref *ke, const int64_t *ke_at)\n{\n"
	    "\treturn ke_scale_%s(ke", t, y->name);
	for (size_t i = 0; i < y->rank; i++)
		ke_buf_fmt(b, ", ke_at[%zu]", i);
	ke_buf_str(b, ");\n}\n");
}

/* What the verifier calls, with the indices in an array. */
static void
add_entry(struct ke_buf *b, const struct ke_op *op, size_t t,
    enum ke_dtype variant)
{
	const struct ke_tensor *y = &op->tensors[t];
	const char *type = is_integer(y, variant) ? "int64_t" : "double";
	size_t n = y->row ? y->rank - 1 : y->rank;

	ke_buf_fmt(b, "__attribute__((visibility(\"default\"))) %s\n"
	    "ke_entry_%zu(struct ke_ref *ke, const int64_t *ke_at%s)\n{\n"
	    "\t(void)ke_at;\n\treturn ke_ref_%s(ke", y->row ? "int64_t" : type,
	    t, y->row ? ", void *ke_row" : "", y->name);
	for (size_t i = 0; i < n; i++)
		ke_buf_fmt(b, ", ke_at[%zu]", i);
	ke_buf_fmt(b, "%s);\n}\n", y->row ? ", ke_row" : "");
}

/* ref.c's double is a float, and its functions are those of float; what the
 * verifier and it say to each other stays as it is. */
static const char in_float[] =
    "#include <tgmath.h>\n"
    "#define double float\n";
static const char in_float_end[] = "#undef double\n";

char *
reference_compile(const struct ke_op *op, enum ke_dtype variant,
    enum arithmetic arithmetic, struct verdict *v, struct ke_err *e)
{
	struct ke_buf b = {0}, path = {0}, source = {0};
	char *so = NULL;

	v->status = KE_PASS;
	ke_buf_fmt(&path, "%s/ref.c", op->dir);
	if (ke_file_read(path.s, (size_t)1 << 20, &source, e) == -1)
		goto out;
	ke_buf_fmt(&b, head, KE_TENSORS_MAX, KE_TENSORS_MAX, KE_TENSORS_MAX,
	    KE_TENSORS_MAX, KE_RANK_MAX, KE_DIMS_MAX + KE_DERIVED_MAX);
	if (arithmetic == IN_FLOAT)
		ke_buf_str(&b, in_float);
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role != KE_OUT)
			add_accessor(&b, op, t, variant);
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role != KE_IN)
			add_header(&b, op, t, variant);
	for (size_t t = 0; t < op->n_tensors; t++)
		if (has_own_scale(&op->tensors[t]))
			add_scale_header(&b, &op->tensors[t]);
	for (size_t i = 0; i < op->n_dims; i++)
		ke_buf_fmt(&b, "#define %s (ke->d[%zu])\n", op->dims[i].name,
		    i);
	for (size_t i = 0; i < op->n_derived; i++)
		ke_buf_fmt(&b, "#define %s (ke->d[%zu])\n",
		    op->derived[i].name, op->n_dims + i);
	ke_buf_fmt(&b, "#line 1 \"%s\"\n%s\n#line 1 \"ke-entries\"\n%s", path.s,
	    source.s, arithmetic == IN_FLOAT ? in_float_end : "");
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role == KE_OUT)
			add_entry(&b, op, t, variant);
	for (size_t t = 0; t < op->n_tensors; t++)
		if (has_own_scale(&op->tensors[t]))
			add_scale_entry(&b, &op->tensors[t], t);
	so = compile_trusted(b.s, path.s, v, e);
out:
	ke_buf_free(&b);
	ke_buf_free(&path);
	ke_buf_free(&source);
	return so;
}

static void *
find(void *lib, const char *name, size_t t, struct ke_err *e)
{
	char symbol[32];
	void *f;

	snprintf(symbol, sizeof(symbol), "%s_%zu", name, t);
	f = dlsym(lib, symbol);
	if (f == NULL)
		ke_fail(e, "ref.c: no %s", symbol);
	return f;
}

int
reference_load(struct reference *r, const char *so, const struct ke_op *op,
    enum ke_dtype variant, struct ke_err *e)
{
	void *lib = dlopen(so, RTLD_NOW | RTLD_LOCAL);

	*r = (struct reference){0};
	if (lib == NULL)
		return ke_fail(e, "%s", dlerror());
	for (size_t t = 0; t < op->n_tensors; t++) {
		void *f;

		if (op->tensors[t].role != KE_OUT)
			continue;
		if (has_own_scale(&op->tensors[t])) {
			f = find(lib, "ke_own", t, e);
			if (f == NULL)
				return -1;
			memcpy(&r->scale[t], &f, sizeof(f));
		}
		f = find(lib, "ke_entry", t, e);
		if (f == NULL)
			return -1;
		/* dlsym(3): an object pointer that is a function's */
		if (op->tensors[t].row)
			memcpy(&r->row[t], &f, sizeof(f));
		else if (is_integer(&op->tensors[t], variant))
			memcpy(&r->whole[t], &f, sizeof(f));
		else
			memcpy(&r->real[t], &f, sizeof(f));
	}
	return 0;
}

void
reference_index(const int64_t *shape, size_t rank, int64_t i, int64_t *at)
{
	for (size_t k = rank; k-- > 0; i /= shape[k])
		at[k] = i % shape[k];
}
