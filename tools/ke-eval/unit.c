/* The translation unit of a candidate: the prelude of ke-plan(5); the macros; a
 * prototype per kernel; the source, from line 1 of "candidate.c"; and last one
 * function per launch that unpacks buffers and dimensions and calls the kernel,
 * so that the compiler, not we, knows how arguments are passed. */
#include <string.h>

#include "unit.h"

static const char prelude[] =
    "#line 1 \"ke-prelude\"\n"
    "#include <stdint.h>\n"
    "#include <stddef.h>\n"
    "struct ke_block {\n"
    "\tint32_t x, y, z, nx, ny, nz;\n"
    "\tvoid *shared;\n"
    "\tsize_t shared_bytes;\n"
    "};\n";

const char *
unit_c_type(enum ke_dtype t)
{
	return ke_dtypes[t].c;
}

/* The C type of an argument, const where it is an input. */
static void
add_type(struct ke_buf *b, const struct ke_plan *plan, const struct ke_op *op,
    enum ke_dtype variant, const struct ke_arg *a)
{
	const struct ke_tensor *t = &op->tensors[a->index];

	switch (a->kind) {
	case KE_ARG_TENSOR:
		ke_buf_fmt(b, "%s%s *", t->role == KE_IN ? "const " : "",
		    ke_dtypes[ke_tensor_dtype(t, variant)].c);
		break;
	case KE_ARG_WORKSPACE:
		ke_buf_fmt(b, "%s *",
		    ke_dtypes[plan->workspaces[a->index].dtype].c);
		break;
	case KE_ARG_SCALAR:
		ke_buf_str(b, a->wide ? "int64_t" : "int");
		break;
	case KE_ARG_MAP: /* none in C */
		break;
	}
}

static void
add_prototypes(struct ke_buf *b, const struct ke_plan *plan,
    const struct ke_op *op, enum ke_dtype variant)
{
	for (size_t k = 0; k < plan->n_launches; k++) {
		const struct ke_launch *l = &plan->launches[k];
		const char *comma = "";

		ke_buf_fmt(b, "void %s(", l->kernel);
		if (l->n_grid > 0) {
			ke_buf_str(b, "const struct ke_block *");
			comma = ", ";
		} else if (l->n_args == 0) {
			ke_buf_str(b, "void");
		}
		for (size_t i = 0; i < l->n_args; i++) {
			ke_buf_str(b, comma);
			add_type(b, plan, op, variant, &l->args[i]);
			comma = ", ";
		}
		ke_buf_str(b, ");\n");
	}
}

static size_t
scope_index(const struct ke_scope *s, const char *name)
{
	size_t i = 0;

	while (strcmp(s->names[i].name, name) != 0)
		i++;
	return i;
}

static void
add_call(struct ke_buf *b, const struct ke_plan *plan, const struct ke_op *op,
    enum ke_dtype variant, const struct ke_scope *s, size_t k)
{
	const struct ke_launch *l = &plan->launches[k];
	const char *comma = l->n_grid > 0 ? ", " : "";

	ke_buf_fmt(b, "static void\nke_call_%zu(const struct ke_block *ke_b, "
	    "void *const *ke_p,\n    const int64_t *ke_o, "
	    "const int64_t *ke_d)\n{\n\t(void)ke_b, (void)ke_p, (void)ke_o, "
	    "(void)ke_d;\n\t%s(%s", k, l->kernel, l->n_grid > 0 ? "ke_b" : "");
	for (size_t i = 0; i < l->n_args; i++) {
		const struct ke_arg *a = &l->args[i];
		size_t at = (size_t)a->index;

		if (a->kind == KE_ARG_WORKSPACE)
			at += op->n_tensors;
		ke_buf_fmt(b, "%s(", comma);
		add_type(b, plan, op, variant, a);
		if (a->kind == KE_ARG_SCALAR)
			ke_buf_fmt(b, ")ke_d[%zu]", scope_index(s, a->name));
		else if (a->offset != NULL)
			ke_buf_fmt(b, ")ke_p[%zu] + ke_o[%zu]", at, i);
		else
			ke_buf_fmt(b, ")ke_p[%zu]", at);
		comma = ", ";
	}
	ke_buf_str(b, ");\n}\n");
}

char *
unit_c_text(const struct ke_plan *plan, const char *source,
    const struct ke_op *op, enum ke_dtype variant,
    const struct ke_resolved *r)
{
	struct ke_buf b = {0};
	const cJSON *c;

	ke_buf_str(&b, prelude);
	for (size_t i = 0; i < plan->n_tune; i++)
		ke_buf_fmt(&b, "#define KE_%s %lld\n", plan->tune[i].name,
		    (long long)r->tune[i]);
	cJSON_ArrayForEach(c, plan->constants)
		ke_buf_fmt(&b, "#define KE_%s %lld\n", c->valuestring,
		    (long long)*ke_scope_find(&r->scope, c->valuestring,
		    strlen(c->valuestring)));
	add_prototypes(&b, plan, op, variant);
	ke_buf_fmt(&b, "#line 1 \"candidate.c\"\n%s\n#line 1 \"ke-calls\"\n",
	    source);
	for (size_t k = 0; k < plan->n_launches; k++)
		add_call(&b, plan, op, variant, &r->scope, k);
	ke_buf_str(&b, "__attribute__((visibility(\"default\"))) void (*const "
	    "ke_calls[])(const struct ke_block *,\n    void *const *, "
	    "const int64_t *, const int64_t *) = {");
	for (size_t k = 0; k < plan->n_launches; k++)
		ke_buf_fmt(&b, "ke_call_%zu, ", k);
	ke_buf_str(&b, "};\n");
	return b.s;
}
