/* ke-eval -c and -r: a candidate compiled, or run, once, for those who look at
 * it with tools of their own. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evaluate.h"
#include "file.h"
#include "lock.h"
#include "play.h"
#include "report.h"
#include "target.h"
#include "verifier.h"

#define RUN_S 10.0 /* deadline, beside twenty times what the baseline takes */

/* FROM to DIR/NAME. */
static int
copy(const char *from, const char *dir, const char *name, struct ke_err *e)
{
	struct ke_buf text = {0}, to = {0};
	int status = ke_file_read(from, (size_t)64 << 20, &text, e);

	ke_buf_fmt(&to, "%s/%s", dir, name);
	if (status == 0)
		status = ke_file_write(to.s, text.s, text.n, e);
	ke_buf_free(&text);
	ke_buf_free(&to);
	return status;
}

static int
keep_products(const struct program *p, const char *source, const char *dir,
    struct ke_err *e)
{
	struct ke_buf name = {0};
	int status = ke_file_mkdirs(dir, e);

	ke_buf_fmt(&name, "%s/candidate.%s", dir,
	    p->toolchain->suffix);
	if (status == 0)
		status = ke_file_write(name.s, source, strlen(source), e);
	for (size_t i = 0; status == 0 && i < p->n_variants; i++) {
		name.n = 0;
		ke_buf_fmt(&name, "variant-%zu.so", i);
		status = copy(p->variants[i].so, dir, name.s, e);
		name.n = 0;
		ke_buf_fmt(&name, "variant-%zu.remarks", i);
		/* a compiler may have made none */
		if (status == 0 && access(p->variants[i].remarks, R_OK) == 0)
			status = copy(p->variants[i].remarks, dir, name.s, e);
	}
	ke_buf_free(&name);
	return status;
}

int
evaluate_compile(const struct ke_op *op, const char *dtype,
    const struct settings *s, const cJSON *rec, const char *dir, cJSON *eval,
    struct ke_err *e)
{
	struct program p = {0};
	struct verdict v = {.status = KE_PASS};
	const char *source = ke_json_string(rec, "source");
	enum ke_dtype type = ke_dtype_find(dtype);
	struct fitted *f = ke_calloc(1, sizeof(*f));
	int status = program_open(&p, target_toolchain(s->target, rec), source,
	    op, ke_json_object(rec, "choice"), &v);

	/* timed cases first: their variants are the ones to look at */
	for (int timed = 1; timed >= 0; timed--)
		for (size_t i = 0; status == 0 && i < op->n_cases; i++) {
			const char *set = op->cases[i].set;

			if (strcmp(set, timed ? settings_set(s)
			    : "check") == 0 && (timed || s->full))
				status = program_fit(&p, source, op, type,
				    &op->cases[i], f, &v);
		}
	if (status == 0)
		status = program_compile(&p, s->jobs, &v, e);
	if (status == 0 && v.status == KE_PASS && dir != NULL)
		status = keep_products(&p, source, dir, e);
	free(f);
	if (status == 0 || v.status != KE_PASS) {
		report_verdict(eval, &v);
		report_compile(eval, &p);
		status = 0;
	}
	program_close(&p);
	return status;
}

/* Runs what was compiled: 0, or -1 with a verdict or the reason in e. */
static int
run_once(struct epoch *epoch, struct side *side, size_t layout,
    const struct fitted *f, size_t n, uint32_t number, struct verdict *v,
    struct ke_err *e)
{
	struct answer worst = {.verdict.status = KE_PASS};
	struct ran ran;
	struct play p = {.epoch = epoch, .side = side, .fitted = f,
	    .layout = layout, .n_execs = n,
	    .n_slots = epoch->cases[layout].n_slots,
	    .deadline_s = RUN_S + 20 * (double)n *
	    epoch->cases[layout].base_s};
	int status = epoch->target->start(epoch, side, v, e);

	if (status == 0)
		status = play_run(&p, &ran, v, e);
	if (status == 0 && play_verify(&p, ASK_TIMED, number, &worst,
	    e) == -1) {
		*v = worst.verdict;
		status = -1;
	}
	return status;
}

int
evaluate_run(struct epoch *epoch, struct settings *settings,
    const cJSON *rec, size_t n, cJSON *eval, struct ke_err *e)
{
	const char *source = ke_json_string(rec, "source");
	struct side side = {.outputs = &epoch->outputs};
	struct program *p = &side.program;
	struct fitted *f = ke_calloc(1, sizeof(*f));
	struct verdict v = {.status = KE_PASS};
	size_t i = 0;
	int status, lock;

	while (!epoch->cases[i].timed)
		i++;
	status = program_open(p, target_toolchain(epoch->target, rec), source,
	    epoch->op, ke_json_object(rec, "choice"), &v);
	if (status == 0)
		status = program_fit(p, source, epoch->op, epoch->dtype,
		    epoch->cases[i].kase, f, &v);
	if (status == 0 && f->variant == -1)
		status = verdict_set(&v, KE_PLAN_ERROR, "domain",
		    "the case lies outside the domain");
	if (status == 0)
		status = program_compile(p, settings->jobs, &v, e);
	if (status == 0 && v.status == KE_PASS) {
		lock = epoch->target->lock(epoch->target, true, e);
		status = lock == -1 ? -1 : run_once(epoch, &side, i, f, n,
		    settings_number(settings), &v, e);
		ke_unlock(lock);
	}
	if (status == 0 || v.status != KE_PASS) {
		report_verdict(eval, &v);
		ke_json_set(eval, "cases", cJSON_CreateArray());
		report_verdict(report_case(epoch, i,
		    ke_json_get(eval, "cases")), &v);
		report_compile(eval, p);
		status = 0;
	}
	epoch->target->stop(epoch, &side);
	program_close(p);
	free(f);
	return status;
}
