/* A candidate's plan, held against its language and one case. */
#include <stdlib.h>
#include <string.h>

#include "compile.h"

/* Has each launch what the language's have, and nothing that only another's
 * have? */
static int
check_form(const struct program *p, struct verdict *v)
{
	const struct toolchain *t = p->toolchain;
	enum plan_form is = p->plan->triton ? PLAN_WARPS
	    : p->plan->gpu ? PLAN_THREADS : PLAN_BLOCKS;

	if (is != PLAN_BLOCKS && t->form == PLAN_BLOCKS)
		return verdict_set(v, KE_PLAN_ERROR, "block",
		    "language %s has no threads of a block", t->language);
	if (is == PLAN_BLOCKS && t->form != PLAN_BLOCKS)
		return verdict_set(v, KE_PLAN_ERROR, "block",
		    "a launch needs grid and block");
	if (is == PLAN_WARPS && t->form == PLAN_THREADS)
		return verdict_set(v, KE_PLAN_ERROR, "num_warps",
		    "language %s has threads of a block", t->language);
	if (is == PLAN_THREADS && t->form == PLAN_WARPS)
		return verdict_set(v, KE_PLAN_ERROR, "num_warps",
		    "a launch needs grid and num_warps");
	if (p->plan->n_maps > 0 && !t->maps)
		return verdict_set(v, KE_PLAN_ERROR, "maps",
		    "language %s has no tensor maps", t->language);
	for (size_t k = 0; k < p->plan->n_launches && !t->maps; k++)
		if (p->plan->launches[k].n_cluster > 0)
			return verdict_set(v, KE_PLAN_ERROR, "cluster",
			    "language %s has no clusters", t->language);
	return 0;
}

/* Those of another language's compiler are none of this one's. */
static int
check_flags(const struct program *p, struct verdict *v)
{
	const char *const *all;
	const cJSON *f;
	size_t n, i;

	all = ke_plan_flags(p->toolchain->language, &n);
	cJSON_ArrayForEach(f, p->plan->flags) {
		for (i = 0; i < n; i++)
			if (strcmp(all[i], f->valuestring) == 0)
				break;
		if (i == n)
			return verdict_set(v, KE_PLAN_ERROR, "flags",
			    "language %s has no %.60s",
			    p->toolchain->language, f->valuestring);
	}
	return 0;
}

int
program_open(struct program *p, const struct toolchain *t, const char *source,
    const struct ke_op *op, const cJSON *choice, struct verdict *v)
{
	struct ke_err e;

	*p = (struct program){.toolchain = t, .choice = choice};
	p->plan = ke_plan_parse(source, op, &e);
	if (p->plan == NULL)
		return verdict_set(v, KE_PLAN_ERROR, "plan", "%s", e.msg);
	if (ke_plan_check_choice(p->plan, choice, &e) == -1)
		return verdict_set(v, KE_PLAN_ERROR, "choice", "%s", e.msg);
	return check_form(p, v) == -1 || check_flags(p, v) == -1 ? -1 : 0;
}

void
program_close(struct program *p)
{
	for (size_t i = 0; i < p->n_variants; i++) {
		free(p->variants[i].text);
		free(p->variants[i].so);
		free(p->variants[i].remarks);
	}
	ke_buf_free(&p->log);
	ke_plan_free(p->plan);
	*p = (struct program){0};
}

static int
check_types(const struct program *p, const struct ke_op *op,
    enum ke_dtype variant, struct verdict *v)
{
	const struct toolchain *t = p->toolchain;

	for (size_t i = 0; i < op->n_tensors; i++)
		if (*t->type(ke_tensor_dtype(&op->tensors[i], variant)) ==
		    '\0' && op->tensors[i].role != KE_LET)
			return verdict_set(v, KE_PLAN_ERROR, "dtype",
			    "%s: language %s has no such type",
			    op->tensors[i].name, t->language);
	for (size_t i = 0; i < p->plan->n_workspaces; i++)
		if (*t->type(p->plan->workspaces[i].dtype) == '\0')
			return verdict_set(v, KE_PLAN_ERROR, "dtype",
			    "workspace.%s: language %s has no such type",
			    p->plan->workspaces[i].name, t->language);
	return 0;
}

static int
check_shared(const struct program *p, const struct ke_resolved *r,
    struct verdict *v)
{
	int64_t max = p->toolchain->shared_max;

	for (size_t k = 0; k < p->plan->n_launches && max > 0; k++)
		if (r->shared[k] > max)
			return verdict_set(v, KE_PLAN_ERROR, "shared",
			    "launches[%zu]: %lld bytes: a block has %lld at "
			    "most", k, (long long)r->shared[k],
			    (long long)max);
	return 0;
}

int
program_fit(struct program *p, const char *source, const struct ke_op *op,
    enum ke_dtype dtype, const struct ke_case *c, struct fitted *f,
    struct verdict *v)
{
	struct ke_err e;
	char *text;

	f->variant = -1;
	if (check_types(p, op, dtype, v) == -1)
		return -1;
	if (ke_plan_resolve(p->plan, op, c, p->choice, &f->r, &e) == -1)
		return verdict_set(v, KE_PLAN_ERROR, "resolve", "%s", e.msg);
	if (f->r.outside)
		return 0;
	if (check_shared(p, &f->r, v) == -1)
		return -1;
	text = p->toolchain->unit(p->plan, source, op, dtype, &f->r);
	f->variant = 0;
	while ((size_t)f->variant < p->n_variants &&
	    strcmp(p->variants[f->variant].text, text) != 0)
		f->variant++;
	if ((size_t)f->variant < p->n_variants) {
		free(text);
		return 0;
	}
	if (p->n_variants == VARIANTS_MAX) {
		free(text);
		return verdict_set(v, KE_PLAN_ERROR, "variants",
		    "more than %d different sets of constants", VARIANTS_MAX);
	}
	p->variants[p->n_variants++] = (struct variant){.text = text};
	return 0;
}
