/* The translation unit of a candidate in CUDA or HIP: the prelude of
 * ke-plan(5); the macros; a prototype per kernel, so that the compiler knows
 * what is passed; the source, from line 1 of "candidate.cu". */
#include <string.h>

#include "unit.h"

static const char prelude[] =
    "#line 1 \"ke-prelude\"\n"
    "typedef signed char int8_t;\n"
    "typedef unsigned char uint8_t;\n"
    "typedef short int16_t;\n"
    "typedef unsigned short uint16_t;\n"
    "typedef int int32_t;\n"
    "typedef unsigned int uint32_t;\n"
    "typedef long long int64_t;\n"
    "typedef unsigned long long uint64_t;\n";

static const char map_type[] =
    "struct alignas(64) CUtensorMap {\n"
    "\tunsigned long long opaque[16];\n"
    "};\n";

/* What the two call differently.  hiprtc has declared its own before. */
struct dialect {
	const char *file, *f16, *bf16, *maps;
};
static const struct dialect cuda = {"candidate.cu",
    "#include <cuda_fp16.h>\n", "#include <cuda_bf16.h>\n", map_type};
static const struct dialect hip = {"candidate.hip", "", "", ""};

const char *
unit_cuda_type(enum ke_dtype t)
{
	return ke_dtypes[t].cuda;
}

const char *
unit_hip_type(enum ke_dtype t)
{
	return t == KE_BF16 ? "" : ke_dtypes[t].cuda;
}

const char *
unit_cuda_types(void)
{
	return prelude;
}

static bool
has_type(const struct ke_plan *plan, const struct ke_op *op,
    enum ke_dtype variant, enum ke_dtype type)
{
	for (size_t i = 0; i < op->n_tensors; i++)
		if (ke_tensor_dtype(&op->tensors[i], variant) == type)
			return true;
	for (size_t i = 0; i < plan->n_workspaces; i++)
		if (plan->workspaces[i].dtype == type)
			return true;
	return variant == type;
}

static void
add_type(struct ke_buf *b, const struct ke_plan *plan, const struct ke_op *op,
    enum ke_dtype variant, const struct ke_arg *a)
{
	const struct ke_tensor *t = &op->tensors[a->index];

	switch (a->kind) {
	case KE_ARG_TENSOR:
		ke_buf_fmt(b, "%s%s *", t->role == KE_IN ? "const " : "",
		    ke_dtypes[ke_tensor_dtype(t, variant)].cuda);
		break;
	case KE_ARG_WORKSPACE:
		ke_buf_fmt(b, "%s *",
		    ke_dtypes[plan->workspaces[a->index].dtype].cuda);
		break;
	case KE_ARG_SCALAR:
		ke_buf_str(b, a->wide ? "int64_t" : "int");
		break;
	case KE_ARG_MAP:
		ke_buf_str(b, "const __grid_constant__ CUtensorMap");
		break;
	}
}

static void
add_prototypes(struct ke_buf *b, const struct ke_plan *plan,
    const struct ke_op *op, enum ke_dtype variant)
{
	for (size_t k = 0; k < plan->n_launches; k++) {
		const struct ke_launch *l = &plan->launches[k];

		ke_buf_fmt(b, "extern \"C\" __global__ void %s(", l->kernel);
		for (size_t i = 0; i < l->n_args; i++) {
			ke_buf_str(b, i > 0 ? ", " : "");
			add_type(b, plan, op, variant, &l->args[i]);
		}
		ke_buf_str(b, ");\n");
	}
}

static char *
device_text(const struct dialect *d, const struct ke_plan *plan,
    const char *source, const struct ke_op *op, enum ke_dtype variant,
    const struct ke_resolved *r)
{
	struct ke_buf b = {0};
	const cJSON *c;

	ke_buf_str(&b, prelude);
	if (has_type(plan, op, variant, KE_F16))
		ke_buf_str(&b, d->f16);
	if (has_type(plan, op, variant, KE_BF16))
		ke_buf_str(&b, d->bf16);
	if (plan->n_maps > 0)
		ke_buf_str(&b, d->maps);
	ke_buf_fmt(&b, "typedef %s ke_t;\n#define KE_T_%s 1\n",
	    ke_dtypes[variant].cuda, ke_dtypes[variant].name);
	for (size_t i = 0; i < plan->n_tune; i++)
		ke_buf_fmt(&b, "#define KE_%s %lld\n", plan->tune[i].name,
		    (long long)r->tune[i]);
	cJSON_ArrayForEach(c, plan->constants)
		ke_buf_fmt(&b, "#define KE_%s %lld\n", c->valuestring,
		    (long long)*ke_scope_find(&r->scope, c->valuestring,
		    strlen(c->valuestring)));
	add_prototypes(&b, plan, op, variant);
	ke_buf_fmt(&b, "#line 1 \"%s\"\n%s\n", d->file, source);
	return b.s;
}

char *
unit_cuda_text(const struct ke_plan *plan, const char *source,
    const struct ke_op *op, enum ke_dtype variant,
    const struct ke_resolved *r)
{
	return device_text(&cuda, plan, source, op, variant, r);
}

char *
unit_hip_text(const struct ke_plan *plan, const char *source,
    const struct ke_op *op, enum ke_dtype variant,
    const struct ke_resolved *r)
{
	return device_text(&hip, plan, source, op, variant, r);
}
