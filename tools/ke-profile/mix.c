/* The instructions of the hot loop, by objdump(1). */
#include <stdlib.h>

#include "build.h"
#include "lock.h"
#include "loops.h"

#define LISTING_MAX ((size_t)32 << 20)

static void
set_count(cJSON *o, const char *name, size_t n)
{
	ke_json_set_number(o, name, (double)n);
}

static cJSON *
mix_json(const struct code *c, const struct mix *m)
{
#define CLASS_TEXT(name, text, work) text,
	static const char *const names[] = {CLASSES(CLASS_TEXT)};
#undef CLASS_TEXT
	cJSON *o = cJSON_CreateObject();

	ke_json_set_string(o, "function",
	    c->functions[m->loop.function].name);
	ke_json_set_number(o, "depth", m->loop.depth);
	set_count(o, "instructions", m->instructions);
	for (size_t i = 0; i < CLASS_COUNT; i++)
		set_count(o, names[i], m->count[i]);
	if (m->called != NULL)
		ke_json_set_string(o, "called", m->called);
	set_count(o, "loads", m->loads);
	set_count(o, "spills", m->stack);
	ke_json_set_number(o, "chain_cycles", m->chain);
	ke_json_set_number(o, "bits", m->bits);
	return o;
}

/* What objdump says of the shared object; the caller frees. */
static int
disassemble(const struct job *j, struct ke_child *c, struct ke_err *e)
{
	char *so = build_path(j, "variant-0.so");
	char dump[] = "objdump", d[] = "-d", raw[] = "--no-show-raw-insn";
	char *const argv[] = {dump, d, raw, so, NULL};
	struct ke_err no_lock;
	int lock = ke_lock_cpu(false, &no_lock); /* may be -1: only noise */
	int status = build_run(argv, LISTING_MAX, c, e);

	ke_unlock(lock);
	free(so);
	return status;
}

int
mix_here(struct ke_err *e)
{
	return build_has("ke-eval", e) == -1 ? -1 : build_has("objdump", e);
}

int
pass_mix(struct job *j, struct ke_err *e)
{
	struct ke_child c;
	struct code code;
	struct mix m;
	int status;

	if (mix_here(e) == -1 || build_candidate(j, e) == -1 ||
	    disassemble(j, &c, e) == -1)
		return -1;
	status = code_read(&code, c.output.s, e);
	if (status == 0)
		status = loops_hot(&code, &m, e);
	if (status == 0)
		ke_json_set(j->profile, "mix", mix_json(&code, &m));
	code_free(&code);
	ke_buf_free(&c.output);
	return status;
}
