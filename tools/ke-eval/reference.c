/* The truth: ref.c behind the prelude of ke-op(5). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "file.h"
#include "gpu_api.h"
#include "reference.h"
#include "target.h"
#include "unit.h"

/* Where ref.c is to run: its functions are marked so, and lets are computed
 * when they are first asked for, or in a stage before. */
struct place {
	const char *mark, *ref;
	bool staged;
};
static const struct place host = {"", "struct ke_ref", false};
static const struct place device = {"static __device__ ",
    "const struct ke_ref", true};

static const char head[] =
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

/* The element as ref.c reads it: f16 and bf16 through functions. */
static void
add_read(struct ke_buf *b, const struct place *p, enum ke_dtype type, size_t t)
{
	if (type != KE_F16 && type != KE_BF16)
		ke_buf_fmt(b, "\treturn ((const %s *)ke->t[%zu])[ke_at];\n}\n",
		    ke_dtypes[type].c, t);
	else if (p->staged)
		ke_buf_fmt(b, "\treturn (float)((const %s *)ke->t[%zu])"
		    "[ke_at];\n}\n", ke_dtypes[type].cuda, t);
	else
		ke_buf_fmt(b, "\treturn ke_%s(((const uint16_t *)ke->t[%zu])"
		    "[ke_at]);\n}\n", ke_dtypes[type].name, t);
}

/* x(i, j): a read of an input, or a let. */
static void
add_accessor(struct ke_buf *b, const struct place *p, const struct ke_op *op,
    size_t t, enum ke_dtype variant)
{
	const struct ke_tensor *x = &op->tensors[t];
	bool integer = is_integer(x, variant);

	if (x->role == KE_LET && !p->staged) {
		ke_buf_fmt(b, "double ke_ref_%s(struct ke_ref *", x->name);
		for (size_t i = 0; i < x->rank; i++)
			ke_buf_str(b, ", int64_t");
		ke_buf_str(b, ");\n");
	}
	ke_buf_fmt(b, "%s %s\nke_get_%s(%s *ke", p->staged ? p->mark
	    : "static inline", integer ? "int64_t" : "double", x->name, p->ref);
	for (size_t i = 0; i < x->rank; i++)
		ke_buf_fmt(b, ", int64_t ke_i%zu", i);
	ke_buf_str(b, ")\n{\n\tint64_t ke_at = ");
	add_offset(b, t, x->rank);
	ke_buf_str(b, ";\n\n");
	if (x->role == KE_LET && p->staged) {
		ke_buf_fmt(b, "\treturn ke->let[%zu][ke_at];\n}\n", t);
	} else if (x->role == KE_LET) {
		ke_buf_fmt(b, "\tif (!ke->have[%zu][ke_at]) {\n"
		    "\t\tke->let[%zu][ke_at] = ke_ref_%s(ke", t, t, x->name);
		add_list(b, ", ", "ke_i", x->rank);
		ke_buf_fmt(b, ");\n\t\tke->have[%zu][ke_at] = 1;\n\t}\n"
		    "\treturn ke->let[%zu][ke_at];\n}\n", t, t);
	} else {
		add_read(b, p, ke_tensor_dtype(x, variant), t);
	}
	ke_buf_fmt(b, "#define %s(", x->name);
	add_list(b, "", "ke_i", x->rank);
	ke_buf_fmt(b, ") ke_get_%s(ke", x->name);
	add_list(b, ", ", "ke_i", x->rank);
	ke_buf_str(b, ")\n");
}

/* REF_y(i, j): the header of the function that ref.c defines. */
static void
add_header(struct ke_buf *b, const struct place *p, const struct ke_op *op,
    size_t t, enum ke_dtype variant)
{
	const struct ke_tensor *y = &op->tensors[t];
	const char *type = is_integer(y, variant) ? "int64_t" : "double";
	size_t n = y->row ? y->rank - 1 : y->rank;

	ke_buf_fmt(b, "#define REF_%s(", y->name);
	add_list(b, "", "ke_i", n);
	ke_buf_fmt(b, "%s) %s%s ke_ref_%s(%s *ke",
	    !y->row ? "" : n > 0 ? ", ke_row" : "ke_row", p->mark,
	    y->row ? "int64_t" : type, y->name, p->ref);
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
add_scale_header(struct ke_buf *b, const struct place *p,
    const struct ke_tensor *y)
{
	ke_buf_fmt(b, "#define SCALE_%s(", y->name);
	add_list(b, "", "ke_i", y->rank);
	ke_buf_fmt(b, ") %sdouble ke_scale_%s(%s *ke", p->mark, y->name,
	    p->ref);
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

/* In C sqrt(2) is that of a double; in C++ it is ambiguous, or a float's. */
static const char device_math[] =
#define ONE(f) "#define " #f "(x) ::" #f "((double)(x))\n"
#define TWO(f) "#define " #f "(x, y) ::" #f "((double)(x), (double)(y))\n"
    ONE(sqrt) ONE(cbrt) ONE(exp) ONE(exp2) ONE(expm1) ONE(log) ONE(log2)
    ONE(log10) ONE(log1p) ONE(sin) ONE(cos) ONE(tan) ONE(asin) ONE(acos)
    ONE(atan) ONE(sinh) ONE(cosh) ONE(tanh) ONE(erf) ONE(erfc) ONE(tgamma)
    ONE(lgamma) ONE(fabs) ONE(floor) ONE(ceil) ONE(trunc) ONE(round)
    ONE(nearbyint) ONE(rint) TWO(pow) TWO(fmin) TWO(fmax) TWO(fmod)
    TWO(atan2) TWO(hypot) TWO(copysign);
#undef ONE
#undef TWO

/* f16 and bf16 as numbers, where C has no such types. */
static const char half_reads[] =
    "static inline double ke_f16(uint16_t h)\n"
    "{\n"
    "\tint e = h >> 10 & 31, m = h & 1023;\n"
    "\tdouble v = e == 31 ? (m ? NAN : INFINITY)\n"
    "\t    : e == 0 ? m * 0x1p-24 : ldexp(m + 1024, e - 25);\n"
    "\n"
    "\treturn h & 0x8000 ? -v : v;\n"
    "}\n"
    "static inline double ke_bf16(uint16_t h)\n"
    "{\n"
    "\tunion { uint32_t bits; float f; } u = {(uint32_t)h << 16};\n"
    "\n"
    "\treturn u.f;\n"
    "}\n";

/* ref.c's double is a float, and its functions are those of float; what the
 * verifier and it say to each other stays as it is. */
static const char in_float[] =
    "#include <tgmath.h>\n"
    "#define double float\n";
static const char in_float_end[] = "#undef double\n";

/* What ref.c may use, and the line that it begins at. */
static void
add_prelude(struct ke_buf *b, const struct place *p, const struct ke_op *op,
    enum ke_dtype variant, const char *path)
{
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role != KE_OUT)
			add_accessor(b, p, op, t, variant);
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role != KE_IN)
			add_header(b, p, op, t, variant);
	for (size_t t = 0; t < op->n_tensors; t++)
		if (has_own_scale(&op->tensors[t]))
			add_scale_header(b, p, &op->tensors[t]);
	for (size_t i = 0; i < op->n_dims; i++)
		ke_buf_fmt(b, "#define %s (ke->d[%zu])\n", op->dims[i].name,
		    i);
	for (size_t i = 0; i < op->n_derived; i++)
		ke_buf_fmt(b, "#define %s (ke->d[%zu])\n",
		    op->derived[i].name, op->n_dims + i);
	ke_buf_fmt(b, "#line 1 \"%s\"\n", path);
}

static void
add_head(struct ke_buf *b)
{
	ke_buf_fmt(b, head, KE_TENSORS_MAX, KE_TENSORS_MAX, KE_TENSORS_MAX,
	    KE_TENSORS_MAX, KE_RANK_MAX, KE_DIMS_MAX + KE_DERIVED_MAX);
}

static int
read_source(const struct ke_op *op, struct ke_buf *path, struct ke_buf *source,
    struct ke_err *e)
{
	ke_buf_fmt(path, "%s/ref.c", op->dir);
	return ke_file_read(path->s, (size_t)1 << 20, source, e);
}

char *
reference_compile(const struct ke_op *op, enum ke_dtype variant,
    enum arithmetic arithmetic, struct verdict *v, struct ke_err *e)
{
	struct ke_buf b = {0}, path = {0}, source = {0};
	char *so = NULL;

	v->status = KE_PASS;
	if (read_source(op, &path, &source, e) == -1)
		goto out;
	ke_buf_str(&b, "#include <stdint.h>\n#include <math.h>\n");
	add_head(&b);
	ke_buf_str(&b, half_reads);
	if (arithmetic == IN_FLOAT)
		ke_buf_str(&b, in_float);
	add_prelude(&b, &host, op, variant, path.s);
	ke_buf_fmt(&b, "%s\n#line 1 \"ke-entries\"\n%s", source.s,
	    arithmetic == IN_FLOAT ? in_float_end : "");
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role == KE_OUT)
			add_entry(&b, op, t, variant);
	for (size_t t = 0; t < op->n_tensors; t++)
		if (has_own_scale(&op->tensors[t]))
			add_scale_entry(&b, &op->tensors[t], t);
	so = compile_trusted(&toolchain_c, b.s, path.s, v, e);
out:
	ke_buf_free(&b);
	ke_buf_free(&path);
	ke_buf_free(&source);
	return so;
}

/* The indices of element i of the first n axes of tensor t, as arguments. */
static void
add_indices(struct ke_buf *b, size_t t, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		ke_buf_str(b, ", ke_i");
		for (size_t i = k + 1; i < n; i++)
			ke_buf_fmt(b, " / ke.s[%zu][%zu]", t, i);
		if (k > 0)
			ke_buf_fmt(b, " %% ke.s[%zu][%zu]", t, k);
	}
}

/* A kernel that computes n elements: of a let into its place, of an output or
 * its scale to where it is told. */
static void
add_stage(struct ke_buf *b, const struct ke_op *op, size_t t,
    enum ke_dtype variant, const char *entry, const char *function)
{
	const struct ke_tensor *y = &op->tensors[t];
	bool whole = is_integer(y, variant) && *function == 'r';

	ke_buf_fmt(b, "extern \"C\" __global__ void\nke_%s_%zu(const "
	    "KE_GRID_CONSTANT struct ke_ref ke, %s *ke_to, int64_t ke_n)\n"
	    "{\n\tfor (int64_t ke_i = blockIdx.x * (int64_t)blockDim.x + "
	    "threadIdx.x; ke_i < ke_n;\n\t    ke_i += (int64_t)gridDim.x * "
	    "blockDim.x)\n\t\tke_to[ke_i] = ke_%s_%s(&ke", entry, t,
	    whole ? "int64_t" : "double", function, y->name);
	add_indices(b, t, y->rank);
	ke_buf_str(b, ");\n}\n");
}

/* One that computes rows, and how long each is. */
static void
add_rows(struct ke_buf *b, const struct ke_op *op, size_t t,
    enum ke_dtype variant)
{
	const struct ke_tensor *y = &op->tensors[t];

	ke_buf_fmt(b, "extern \"C\" __global__ void\nke_row_%zu(const "
	    "KE_GRID_CONSTANT struct ke_ref ke, %s *ke_to,\n    int64_t "
	    "*ke_length, int64_t ke_n, int64_t ke_last)\n{\n\tfor (int64_t "
	    "ke_i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; ke_i < "
	    "ke_n;\n\t    ke_i += (int64_t)gridDim.x * blockDim.x) {\n\t\t"
	    "int64_t ke_got = ke_ref_%s(&ke", t,
	    is_integer(y, variant) ? "int64_t" : "double", y->name);
	add_indices(b, t, y->rank - 1);
	ke_buf_str(b, ", ke_to + ke_i * ke_last);\n\n\t\tke_length[ke_i] = "
	    "ke_got < ke_last ? ke_got : ke_last;\n\t}\n}\n");
}

char *
reference_device(const struct ke_op *op, enum ke_dtype variant,
    const struct target *target, struct verdict *v, struct ke_err *e)
{
	struct ke_buf b = {0}, path = {0}, source = {0};
	char *object = NULL;

	v->status = KE_PASS;
	if (read_source(op, &path, &source, e) == -1)
		goto out;
	ke_buf_fmt(&b, "%s%s"
	    "#ifndef INFINITY\n#define INFINITY __int_as_float(0x7f800000)\n"
	    "#endif\n#ifndef NAN\n#define NAN __int_as_float(0x7fc00000)\n"
	    "#endif\n", unit_cuda_types(), target->vendor->words);
	ke_buf_str(&b, device_math);
	add_head(&b);
	add_prelude(&b, &device, op, variant, path.s);
	ke_buf_fmt(&b, "%s\n#line 1 \"ke-entries\"\n", source.s);
	for (size_t t = 0; t < op->n_tensors; t++) {
		const struct ke_tensor *y = &op->tensors[t];

		if (y->role == KE_LET)
			add_stage(&b, op, t, variant, "let", "ref");
		else if (y->role == KE_OUT && y->row)
			add_rows(&b, op, t, variant);
		else if (y->role == KE_OUT)
			add_stage(&b, op, t, variant, "out", "ref");
		if (has_own_scale(y))
			add_stage(&b, op, t, variant, "own", "scale");
	}
	object = compile_trusted(target->toolchain, b.s, path.s, v, e);
out:
	ke_buf_free(&b);
	ke_buf_free(&path);
	ke_buf_free(&source);
	return object;
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
