/* What ke-eval does with one record.
 *
 * Check cases come before timed ones, so that a wrong kernel costs no time.
 * In quick effort a program with constants, which would be compiled anew for
 * each case, is checked on one check case, which its number picks; full effort
 * compiles them all. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evaluate.h"
#include "file.h"
#include "hash.h"
#include "lock.h"
#include "measure.h"
#include "play.h"
#include "random.h"
#include "spawn.h"
#include "stats.h"
#include "verifier.h"

#define CHECK_S 10.0     /* deadline of a check case */
#define CHECKS_MIN 3     /* check cases that must lie in the domain */
#define NOISY_QUICK 0.20 /* half-width of the interval beyond which a result */
#define NOISY_FULL 0.05  /* is called noisy */

/* One evaluation under way. */
struct job {
	struct epoch *epoch;
	struct settings *settings;
	const char *source;
	struct fitted *fitted; /* per case of the epoch; variant -1: not run */
	cJSON *eval, *cases;
	struct verdict verdict;
};

static void
set_verdict(cJSON *o, const struct verdict *v)
{
	ke_json_set_string(o, "status", ke_status_name(v->status));
	if (v->status == KE_PASS)
		return;
	ke_json_set_string(o, "code", v->code);
	ke_json_set_string(o, "detail", v->detail);
}

static void
set_errors(const struct epoch *e, cJSON *o, const struct answer *a)
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

static void
set_interval(cJSON *o, const char *name, const struct interval *i)
{
	cJSON *v = cJSON_CreateObject();

	ke_json_add_number(v, "mid", i->mid);
	ke_json_add_number(v, "lo", i->lo);
	ke_json_add_number(v, "hi", i->hi);
	ke_json_set(o, name, v);
}

static cJSON *
case_object(struct job *j, size_t i)
{
	const struct layout *l = &j->epoch->cases[i];
	cJSON *o = cJSON_CreateObject();

	ke_json_set_string(o, "set", l->kase->set);
	ke_json_set(o, "dims", ke_case_json(j->epoch->op, l->kase));
	cJSON_AddItemToArray(j->cases, o);
	return o;
}

static void
set_compile(cJSON *eval, const struct program *p)
{
	cJSON *o = cJSON_CreateObject(), *flags = cJSON_CreateArray();
	const cJSON *f;
	char all[256], *save, *word;

	ke_json_add_number(o, "seconds", p->compile_s);
	ke_json_add_number(o, "variants", (double)p->n_variants);
	ke_json_set_string(o, "compiler", compiler_version());
	memcpy(all, compiler_flags, strlen(compiler_flags) + 1);
	for (word = strtok_r(all, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save))
		cJSON_AddItemToArray(flags, cJSON_CreateString(word));
	if (p->plan != NULL)
		cJSON_ArrayForEach(f, p->plan->flags)
			cJSON_AddItemToArray(flags, cJSON_Duplicate(f, 1));
	ke_json_set(o, "flags", flags);
	if (p->log.n > 0)
		ke_json_set_text(o, "log", p->log.s, p->log.n);
	if (p->code_bytes > 0)
		ke_json_add_number(o, "code_bytes", (double)p->code_bytes);
	ke_json_set(eval, "compile", o);
}

/* The check case that stands for all in quick effort where each would be
 * compiled by itself: it rotates with the candidate's number. */
static bool
is_skipped(const struct job *j, size_t i, size_t checks)
{
	const struct program *p = &j->epoch->candidate.program;
	bool specialised = p->plan->constants != NULL &&
	    cJSON_GetArraySize(p->plan->constants) > 0;

	return !j->epoch->full && specialised && !j->epoch->cases[i].timed &&
	    i != random_word(j->epoch->seed, j->settings->candidates) % checks;
}

static size_t
count_checks(const struct epoch *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_cases; i++)
		n += !e->cases[i].timed;
	return n;
}

static int
fit_all(struct job *j)
{
	struct epoch *e = j->epoch;
	size_t checks = count_checks(e), inside = 0;

	for (size_t i = 0; i < e->n_cases; i++) {
		struct fitted *f = &j->fitted[i];

		if (ke_plan_resolve(e->candidate.program.plan, e->op,
		    e->cases[i].kase, e->candidate.program.choice, &f->r,
		    &(struct ke_err){{0}}) == 0 && is_skipped(j, i, checks)) {
			inside += !f->r.outside;
			f->variant = -1;
			continue;
		}
		if (program_fit(&e->candidate.program, j->source, e->op,
		    e->dtype, e->cases[i].kase, f, &j->verdict) == -1)
			return -1;
		inside += !e->cases[i].timed && f->variant != -1;
	}
	if (inside < CHECKS_MIN && inside < checks)
		return verdict_set(&j->verdict, KE_PLAN_ERROR, "domain",
		    "only %zu check cases lie in the domain; %d must", inside,
		    CHECKS_MIN);
	return 0;
}

static int
check_case(struct job *j, size_t i, struct ke_err *e)
{
	struct epoch *epoch = j->epoch;
	struct layout *l = &epoch->cases[i];
	struct answer worst = {.verdict.status = KE_PASS};
	struct ran ran;
	struct play p = {.epoch = epoch, .side = &epoch->candidate,
	    .fitted = &j->fitted[i], .layout = i, .n_execs = l->n_slots,
	    .n_slots = l->n_slots, .junk = true, .deadline_s = CHECK_S};
	cJSON *o = case_object(j, i);
	int status;

	for (size_t t = 0; t < epoch->op->n_tensors; t++)
		worst.ratio[t] = -1;
	status = play_run(&p, &ran, &worst.verdict, e);
	if (status == 0)
		status = play_verify(&p, ASK_CHECK, j->settings->candidates,
		    &worst, e);
	if (status == -1 && worst.verdict.status == KE_PASS)
		return -1;
	j->verdict = worst.verdict;
	set_verdict(o, &worst.verdict);
	set_errors(epoch, o, &worst);
	return status;
}

static void
set_measured(struct job *j, size_t i, cJSON *o, const struct measured *m)
{
	const struct layout *l = &j->epoch->cases[i];

	set_verdict(o, &m->worst.verdict);
	set_errors(j->epoch, o, &m->worst);
	ke_json_add_number(o, "weight", l->kase->weight);
	ke_json_add_number(o, "bytes", l->traffic);
	ke_json_add_number(o, "flops", l->flops);
	ke_json_add_number(o, "slots", (double)m->slots);
	if (m->ratio == NULL)
		return;
	ke_json_add_number(o, "t_us", m->t_us);
	ke_json_add_number(o, "t_lo_us", m->lo_us);
	ke_json_add_number(o, "t_hi_us", m->hi_us);
	ke_json_add_number(o, "baseline_us", m->base_us);
	set_interval(o, "speedup", &m->speedup);
	ke_json_add_number(o, "pairs", (double)m->pairs);
	ke_json_add_number(o, "dropped", (double)m->dropped);
	ke_json_add_number(o, "executions", (double)m->execs);
}

/* The speedup over all timed cases, and whether it is good enough to say. */
static void
conclude(struct job *j, struct measured *m, struct ke_err *e)
{
	struct epoch *epoch = j->epoch;
	struct sample *s = ke_calloc(epoch->n_cases, sizeof(*s));
	struct interval total;
	static const double one[] = {1, 1, 1, 1};
	double half, most = epoch->full ? NOISY_FULL : NOISY_QUICK;
	size_t n = 0, k = 0;

	(void)e;
	for (size_t i = 0; i < epoch->n_cases; i++) {
		bool outside = j->fitted[i].variant == -1;

		if (epoch->cases[i].timed)
			s[n++] = (struct sample){
			    .n = outside ? KE_LEN(one) : m[i].pairs,
			    .ratio = outside ? one : m[i].ratio,
			    .weight = epoch->cases[i].kase->weight};
	}
	total = stats_speedup(s, n);
	for (size_t i = 0; i < epoch->n_cases; i++)
		if (epoch->cases[i].timed)
			m[i].speedup = s[k++].speedup;
	free(s);
	set_interval(j->eval, "speedup", &total);
	half = log(total.hi / total.lo) / 2;
	if (half > most)
		verdict_set(&j->verdict, KE_NOISY, "interval",
		    "the 95 %% interval is %.1f %% wide on each side",
		    100 * half);
	else
		ke_json_set_number(j->eval, "score", total.lo);
}

static int
measure_all(struct job *j, struct ke_err *e)
{
	struct epoch *epoch = j->epoch;
	struct measured *m = ke_calloc(epoch->n_cases, sizeof(*m));
	int status = 0;

	for (size_t i = 0; status == 0 && i < epoch->n_cases; i++)
		if (epoch->cases[i].timed && j->fitted[i].variant != -1) {
			status = measure_case(epoch, i, &j->fitted[i],
			    j->settings->candidates, &m[i], e);
			j->verdict = m[i].worst.verdict;
		}
	if (status == 0)
		conclude(j, m, e);
	for (size_t i = 0; i < epoch->n_cases; i++) {
		if (!epoch->cases[i].timed)
			continue;
		if (j->fitted[i].variant == -1) {
			cJSON *o = case_object(j, i);

			ke_json_set(o, "outside", cJSON_CreateTrue());
			ke_json_add_number(o, "weight",
			    epoch->cases[i].kase->weight);
		} else if (m[i].slots > 0) {
			set_measured(j, i, case_object(j, i), &m[i]);
		}
		free(m[i].ratio);
	}
	free(m);
	return status;
}

static int
check_all(struct job *j, struct ke_err *e)
{
	for (size_t i = 0; i < j->epoch->n_cases; i++)
		if (!j->epoch->cases[i].timed && j->fitted[i].variant != -1 &&
		    check_case(j, i, e) == -1)
			return -1;
	return 0;
}

/* Everything from the plan to a runner that has loaded the candidate. */
static int
prepare(struct job *j, const cJSON *rec, struct ke_err *e)
{
	struct side *side = &j->epoch->candidate;

	if (program_open(&side->program, j->source, j->epoch->op,
	    ke_json_object(rec, "choice"), &j->verdict) == -1 ||
	    fit_all(j) == -1)
		return -1;
	if (program_compile(&side->program, j->settings->jobs, &j->verdict,
	    e) == -1)
		return -1;
	return j->verdict.status == KE_PASS ? 0 : -1;
}

static int
run_locked(struct job *j, struct ke_err *e)
{
	struct side *side = &j->epoch->candidate;
	int lock = ke_lock_cpu(true, e), status;

	if (lock == -1)
		return -1;
	status = runner_start(&side->runner, &side->program,
	    j->epoch->inputs_ro, side->outputs.fd, &j->verdict, e);
	if (status == 0)
		status = check_all(j, e);
	if (status == 0)
		status = measure_all(j, e);
	ke_unlock_cpu(lock);
	return status;
}

/* What every result says of how it was obtained. */
static void
set_common(cJSON *eval, const struct epoch *e, const struct settings *s)
{
	static const char *const layers[] = {"process", "rlimits",
	    "no-new-privs", "sealed-inputs", "guard-pages"};

	ke_json_set_string(eval, "effort", s->full ? "full" : "quick");
	/* no layer keeps a candidate from the file system or the network */
	ke_json_set_string(eval, "trust", "unsandboxed");
	ke_json_set(eval, "layers",
	    cJSON_CreateStringArray(layers, (int)KE_LEN(layers)));
	ke_json_set(eval, "baseline", baseline(e->op));
	ke_json_add_number(eval, "workers", e->workers);
	ke_json_set(eval, "env", environment(e->op, ke_dtypes[e->dtype].name,
	    "cpu", s));
}

int
evaluate(struct epoch *epoch, struct settings *settings, const cJSON *rec,
    cJSON *eval, struct ke_err *e)
{
	struct job j = {.epoch = epoch, .settings = settings, .eval = eval,
	    .source = ke_json_string(rec, "source"),
	    .verdict.status = KE_PASS};
	double from = ke_now();
	int status;

	settings->candidates = settings->candidates < 2 ? 2
	    : settings->candidates + 1;
	ke_json_set_string(eval, "status", "");
	ke_json_add_number(eval, "score", 0);
	j.fitted = ke_calloc(epoch->n_cases, sizeof(*j.fitted));
	j.cases = cJSON_CreateArray();
	status = prepare(&j, rec, e);
	if (status == 0)
		status = run_locked(&j, e);
	/* the system failed: nothing is said of the candidate */
	if (status == -1 && j.verdict.status == KE_PASS) {
		cJSON_Delete(j.cases);
		goto out;
	}
	status = 0;
	set_verdict(eval, &j.verdict);
	set_common(eval, epoch, settings);
	ke_json_set(eval, "cases", j.cases);
	set_compile(eval, &epoch->candidate.program);
	ke_json_add_number(eval, "seconds", ke_now() - from);
out:
	runner_stop(&epoch->candidate.runner);
	program_close(&epoch->candidate.program);
	free(j.fitted);
	return status;
}

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

	ke_buf_fmt(&name, "%s/candidate.c", dir);
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
	int status = program_open(&p, source, op,
	    ke_json_object(rec, "choice"), &v);

	/* timed cases first: their variants are the ones to look at */
	for (int timed = 1; timed >= 0; timed--)
		for (size_t i = 0; status == 0 && i < op->n_cases; i++) {
			const char *set = op->cases[i].set;

			if (strcmp(set, timed ? s->set : "check") == 0 &&
			    (timed || s->full))
				status = program_fit(&p, source, op, type,
				    &op->cases[i], f, &v);
		}
	if (status == 0)
		status = program_compile(&p, s->jobs, &v, e);
	if (status == 0 && v.status == KE_PASS && dir != NULL)
		status = keep_products(&p, source, dir, e);
	free(f);
	if (status == 0 || v.status != KE_PASS) {
		set_verdict(eval, &v);
		set_compile(eval, &p);
		status = 0;
	}
	program_close(&p);
	return status;
}

int
evaluate_run(struct epoch *epoch, struct settings *settings,
    const cJSON *rec, size_t n, cJSON *eval, struct ke_err *e)
{
	struct job j = {.epoch = epoch, .settings = settings, .eval = eval,
	    .source = ke_json_string(rec, "source"),
	    .verdict.status = KE_PASS};
	struct side *side = &epoch->candidate;
	size_t i = 0;
	int status, lock = -1;

	while (!epoch->cases[i].timed)
		i++;
	j.fitted = ke_calloc(epoch->n_cases, sizeof(*j.fitted));
	j.cases = cJSON_CreateArray();
	status = prepare(&j, rec, e);
	if (status == 0 && (lock = ke_lock_cpu(true, e)) == -1)
		status = -1;
	if (status == 0)
		status = runner_start(&side->runner, &side->program,
		    epoch->inputs_ro, side->outputs.fd, &j.verdict, e);
	if (status == 0 && j.fitted[i].variant == -1)
		status = verdict_set(&j.verdict, KE_PLAN_ERROR, "domain",
		    "the case lies outside the domain");
	if (status == 0) {
		struct ran ran;
		struct play p = {.epoch = epoch, .side = side, .layout = i,
		    .fitted = &j.fitted[i], .n_execs = n,
		    .n_slots = epoch->cases[i].n_slots,
		    .deadline_s = CHECK_S + 20 * (double)n *
		    epoch->cases[i].base_s};
		struct answer worst = {.verdict.status = KE_PASS};

		status = play_run(&p, &ran, &j.verdict, e);
		if (status == 0 && play_verify(&p, ASK_TIMED, 2, &worst,
		    e) == -1) {
			j.verdict = worst.verdict;
			status = -1;
		}
		set_verdict(case_object(&j, i), &j.verdict);
	}
	ke_unlock_cpu(lock);
	if (status == 0 || j.verdict.status != KE_PASS) {
		status = 0;
		set_verdict(eval, &j.verdict);
		ke_json_set(eval, "cases", cJSON_Duplicate(j.cases, 1));
		set_compile(eval, &side->program);
	}
	cJSON_Delete(j.cases);
	runner_stop(&side->runner);
	program_close(&side->program);
	free(j.fitted);
	return status;
}
