/* The text that is compiled for a candidate in Triton: a line of JSON that says
 * what is launched, and the source.  What the line holds is all that the code
 * depends on: launches that differ in nothing that it says share a variant. */
#include <string.h>

#include "unit.h"

#define KNOWN 16 /* bytes, or units, that Triton likes multiples of */

static int64_t
named(const struct ke_scope *s, const char *name)
{
	return *ke_scope_find(s, name, strlen(name));
}

/* The type, and whether the compiler may count on a multiple of KNOWN, as
 * triton.jit itself would find at a call. */
static void
add_arg(struct ke_buf *b, const struct ke_plan *plan, const struct ke_op *op,
    enum ke_dtype variant, const struct ke_resolved *r, size_t k, size_t i)
{
	const struct ke_arg *a = &plan->launches[k].args[i];
	bool scalar = a->kind == KE_ARG_SCALAR;
	const char *type = a->wide ? "i64" : "i32";
	int64_t value = 0;

	if (scalar) {
		value = named(&r->scope, a->name);
	} else {
		enum ke_dtype t = a->kind == KE_ARG_WORKSPACE
		    ? plan->workspaces[a->index].dtype
		    : ke_tensor_dtype(&op->tensors[a->index], variant);

		type = ke_dtypes[t].name;
		value = r->offset[k][i] * (int64_t)ke_dtypes[t].bytes;
	}
	ke_buf_fmt(b, "%s{\"type\":\"%s\",\"pointer\":%s,\"divisible\":%s}",
	    i > 0 ? "," : "", type, scalar ? "false" : "true",
	    value % KNOWN == 0 ? "true" : "false");
}

static void
add_constant(struct ke_buf *b, const char **comma, const char *name,
    int64_t value)
{
	ke_buf_fmt(b, "%s\"%s\":%lld", *comma, name, (long long)value);
	*comma = ",";
}

static void
add_launch(struct ke_buf *b, const struct ke_plan *plan,
    const struct ke_op *op, enum ke_dtype variant,
    const struct ke_resolved *r, size_t k)
{
	const struct ke_launch *l = &plan->launches[k];
	const char *comma = "";
	const cJSON *c;

	ke_buf_fmt(b, "%s{\"kernel\":\"%s\",\"args\":[", k > 0 ? "," : "",
	    l->kernel);
	for (size_t i = 0; i < l->n_args; i++)
		add_arg(b, plan, op, variant, r, k, i);
	ke_buf_str(b, "],\"constexpr\":{");
	for (size_t i = 0; i < plan->n_tune; i++)
		add_constant(b, &comma, plan->tune[i].name, r->tune[i]);
	cJSON_ArrayForEach(c, plan->constants)
		add_constant(b, &comma, c->valuestring,
		    named(&r->scope, c->valuestring));
	for (size_t i = 0; i < l->n_fixed; i++)
		add_constant(b, &comma, l->fixed[i].name, r->fixed[k][i]);
	ke_buf_fmt(b, "},\"num_warps\":%lld", (long long)r->warps[k]);
	if (r->stages[k] > 0)
		ke_buf_fmt(b, ",\"num_stages\":%lld",
		    (long long)r->stages[k]);
	ke_buf_str(b, "}");
}

char *
unit_triton_text(const struct ke_plan *plan, const char *source,
    const struct ke_op *op, enum ke_dtype variant,
    const struct ke_resolved *r)
{
	struct ke_buf b = {0};

	ke_buf_str(&b, "{\"launches\":[");
	for (size_t k = 0; k < plan->n_launches; k++)
		add_launch(&b, plan, op, variant, r, k);
	ke_buf_fmt(&b, "]}\n%s\n", source);
	return b.s;
}
