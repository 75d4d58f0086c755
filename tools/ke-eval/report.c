/* Sections of an evaluation's JSON. */
#include <stdio.h>
#include <string.h>

#include "cc.h"
#include "report.h"
#include "sandbox.h"
#include "target.h"

cJSON *
report_case(const struct epoch *e, size_t layout, cJSON *cases)
{
	const struct ke_case *c = e->cases[layout].kase;
	cJSON *o = cJSON_CreateObject();

	ke_json_set_string(o, "set", c->set);
	ke_json_set(o, "dims", ke_case_json(e->op, c));
	cJSON_AddItemToArray(cases, o);
	return o;
}

void
report_verdict(cJSON *o, const struct verdict *v)
{
	ke_json_set_string(o, "status", ke_status_name(v->status));
	if (v->status == KE_PASS)
		return;
	ke_json_set_string(o, "code", v->code);
	ke_json_set_string(o, "detail", v->detail);
}

void
report_errors(const struct epoch *e, cJSON *o, const struct answer *a)
{
	cJSON *errors = cJSON_CreateObject();

	for (size_t t = 0; t < e->op->n_tensors; t++) {
		cJSON *one;

		if (e->op->tensors[t].role != KE_OUT || a->ratio[t] < 0)
			continue;
		one = cJSON_CreateObject();
		ke_json_add_number(one, "ratio", a->ratio[t]);
		ke_json_add_number(one, "rms", a->rms[t]);
		ke_json_set(errors, e->op->tensors[t].name, one);
	}
	ke_json_set(o, "errors", errors);
}

void
report_interval(cJSON *o, const char *name, const struct interval *i)
{
	cJSON *v = cJSON_CreateObject();

	ke_json_add_number(v, "mid", i->mid);
	ke_json_add_number(v, "lo", i->lo);
	ke_json_add_number(v, "hi", i->hi);
	ke_json_set(o, name, v);
}

void
report_trust(cJSON *eval, const struct target *t, unsigned layers)
{
	if (t != &target_cpu) {
		ke_json_set_string(eval, "trust", "device-only");
		return;
	}
	if (layers == 0)
		return; /* nothing of it ran */
	ke_json_set_string(eval, "trust", layers_confine(layers) ? "sandboxed"
	    : "unsandboxed");
	ke_json_set(eval, "layers", layers_json(layers | LAYER_SEALED |
	    LAYER_GUARDS));
}

static cJSON *
kernels_json(const struct program *p)
{
	cJSON *all = cJSON_CreateArray();

	for (size_t k = 0; k < p->n_kernels; k++) {
		const struct kernel_facts *f = &p->kernels[k];
		const struct {
			const char *name;
			int value;
		} numbers[] = {{"vgprs", f->vgprs}, {"agprs", f->agprs},
		    {"sgprs", f->sgprs}, {"lds_bytes", f->lds_bytes},
		    {"scratch_bytes", f->scratch_bytes},
		    {"vgpr_spills", f->vgpr_spills},
		    {"sgpr_spills", f->sgpr_spills},
		    {"max_threads", f->threads},
		    {"waves_per_simd", f->waves}};
		cJSON *o = cJSON_CreateObject();

		ke_json_set_string(o, "kernel", p->plan->launches[k].kernel);
		for (size_t i = 0; i < KE_LEN(numbers); i++)
			ke_json_add_number(o, numbers[i].name,
			    numbers[i].value);
		cJSON_AddItemToArray(all, o);
	}
	return all;
}

void
report_compile(cJSON *eval, const struct program *p)
{
	cJSON *o = cJSON_CreateObject(), *flags = cJSON_CreateArray();
	const cJSON *f;
	char all[256], *save, *word;

	ke_json_add_number(o, "seconds", p->compile_s);
	ke_json_add_number(o, "variants", (double)p->n_variants);
	ke_json_set_string(o, "compiler", p->toolchain->version());
	snprintf(all, sizeof(all), "%s", p->toolchain->flags());
	for (word = strtok_r(all, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save))
		cJSON_AddItemToArray(flags, cJSON_CreateString(word));
	if (p->plan != NULL) {
		ke_json_add_number(o, "launches",
		    (double)p->plan->n_launches);
		cJSON_ArrayForEach(f, p->plan->flags)
			cJSON_AddItemToArray(flags, cJSON_Duplicate(f, 1));
		if (p->n_kernels > 0)
			ke_json_set(o, "kernels", kernels_json(p));
	}
	ke_json_set(o, "flags", flags);
	if (p->layers != 0)
		ke_json_set(o, "layers", layers_json(p->layers));
	if (p->log.n > 0)
		ke_json_set_text(o, "log", p->log.s, p->log.n);
	if (p->code_bytes > 0)
		ke_json_add_number(o, "code_bytes", (double)p->code_bytes);
	if (p->registers > 0) {
		ke_json_add_number(o, "registers", p->registers);
		ke_json_add_number(o, "local_bytes", p->local_bytes);
		ke_json_add_number(o, "shared_bytes", p->shared_bytes);
		if (p->threads > 0)
			ke_json_add_number(o, "threads", p->threads);
	}
	ke_json_set(eval, "compile", o);
}
