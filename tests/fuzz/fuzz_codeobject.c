/* A code object of AMD's and its metadata, before it is loaded: what is
 * accepted has a kernel, whose numbers are none that a kernel can't have. */
#include <stdlib.h>
#include <string.h>

#include "../../tools/ke-eval/codeobject.h"
#include "fuzz.h"

static void
refused(const struct verdict *v)
{
	HOLDS(v->status == KE_PLAN_ERROR);
	HOLDS(v->code[0] != '\0' && v->detail[0] != '\0');
	HOLDS(fuzz_is_line(v->detail, strlen(v->detail)));
}

static void
numbers(const struct kernel_facts *f)
{
	HOLDS(f->vgprs >= 0 && f->agprs >= 0 && f->sgprs >= 0);
	HOLDS(f->lds_bytes >= 0 && f->scratch_bytes >= 0);
	HOLDS(f->vgpr_spills >= 0 && f->sgpr_spills >= 0);
	HOLDS(f->threads >= 0 && f->waves >= 0 && f->waves <= 10);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *object = fuzz_bytes(data, n);
	struct ke_plan plan = {.n_launches = 2, .launches = {{.kernel = "k"},
	    {.kernel = "other"}}};
	struct kernel_facts facts[KE_LAUNCHES_MAX];
	struct verdict v = {.status = KE_PASS};

	if (codeobject_check(object, n, &v) == -1)
		refused(&v);
	else
		HOLDS(v.status == KE_PASS);
	v = (struct verdict){.status = KE_PASS};
	if (codeobject_kernels(object, n, &plan, facts, &v) == -1)
		refused(&v);
	else
		for (size_t i = 0; i < plan.n_launches; i++)
			numbers(&facts[i]);
	free(object);
	return 0;
}
