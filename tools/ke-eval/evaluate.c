/* What ke-eval does with one record.
 *
 * Check cases come before timed ones, so that a wrong kernel costs no time.
 * In quick effort a program with constants, which would be compiled anew for
 * each case, is checked on one check case, which its number picks; full effort
 * compiles them all. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "lock.h"
#include "measure.h"
#include "play.h"
#include "random.h"
#include "report.h"
#include "spawn.h"
#include "state.h"
#include "stats.h"
#include "verifier.h"

#define CHECK_S 2.0      /* deadline of a check case, at least */
#define CHECKS_MIN 3     /* check cases that must lie in the domain */
#define NOISY_QUICK 0.20 /* half-width of the interval beyond which a result */
#define NOISY_FULL 0.05  /* is called noisy */

/* One evaluation under way. */
struct job {
	struct epoch *epoch;
	struct settings *settings;
	struct side side;
	const char *source;
	struct fitted *fitted; /* per case of the epoch; variant -1: not run */
	cJSON *eval, *cases;
	struct verdict verdict;
	struct state before, after; /* of the machine */
};

/* The check case that stands for all in quick effort where each would be
 * compiled by itself: it rotates with the candidate's number. */
static bool
is_skipped(const struct job *j, size_t i, size_t checks)
{
	const struct program *p = &j->side.program;
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

		if (ke_plan_resolve(j->side.program.plan, e->op,
		    e->cases[i].kase, j->side.program.choice, &f->r,
		    &(struct ke_err){{0}}) == 0 && is_skipped(j, i, checks)) {
			inside += !f->r.outside;
			f->variant = -1;
			continue;
		}
		if (program_fit(&j->side.program, j->source, e->op,
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
	struct play p = {.epoch = epoch, .side = &j->side,
	    .fitted = &j->fitted[i], .layout = i, .n_execs = l->n_slots,
	    .n_slots = l->n_slots, .junk = true,
	    .deadline_s = fmax(CHECK_S, 20 * l->base_s * (double)l->n_slots)};
	cJSON *o = report_case(j->epoch, i, j->cases);
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
	report_verdict(o, &worst.verdict);
	report_errors(epoch, o, &worst);
	return status;
}

static void
set_measured(struct job *j, size_t i, cJSON *o, const struct measured *m)
{
	const struct layout *l = &j->epoch->cases[i];

	report_verdict(o, &m->worst.verdict);
	report_errors(j->epoch, o, &m->worst);
	ke_json_add_number(o, "weight", l->kase->weight);
	ke_json_add_number(o, "bytes", l->traffic);
	ke_json_add_number(o, "floor_us", m->floor_us);
	ke_json_add_number(o, "flops", l->flops);
	ke_json_add_number(o, "slots", (double)m->slots);
	if (m->ratio == NULL)
		return;
	ke_json_add_number(o, "t_us", m->t_us);
	ke_json_add_number(o, "t_lo_us", m->lo_us);
	ke_json_add_number(o, "t_hi_us", m->hi_us);
	ke_json_add_number(o, "baseline_us", m->base_us);
	report_interval(o, "speedup", &m->speedup);
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
	report_interval(j->eval, "speedup", &total);
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
			status = measure_case(epoch, i, &j->fitted[i], &j->side,
			    j->settings->candidates, &m[i], e);
			j->verdict = m[i].worst.verdict;
		}
	if (status == 0)
		conclude(j, m, e);
	for (size_t i = 0; i < epoch->n_cases; i++) {
		if (!epoch->cases[i].timed)
			continue;
		if (j->fitted[i].variant == -1) {
			cJSON *o = report_case(epoch, i, j->cases);

			ke_json_set(o, "outside", cJSON_CreateTrue());
			ke_json_add_number(o, "weight",
			    epoch->cases[i].kase->weight);
		} else if (m[i].slots > 0) {
			set_measured(j, i, report_case(epoch, i, j->cases),
			    &m[i]);
		}
		free(m[i].ratio);
	}
	free(m);
	return status;
}

/* The worst of the cases decides: one that is imprecise may be wrong in
 * another. */
static int
check_all(struct job *j, struct ke_err *e)
{
	struct verdict worst = {.status = KE_PASS};

	for (size_t i = 0; i < j->epoch->n_cases; i++) {
		j->verdict.status = KE_PASS;
		if (j->epoch->cases[i].timed || j->fitted[i].variant == -1 ||
		    check_case(j, i, e) == 0)
			continue;
		if (j->verdict.status == KE_PASS)
			return -1;
		if (j->verdict.status < worst.status)
			worst = j->verdict;
		if (worst.status <= KE_WRONG)
			break;
	}
	j->verdict = worst;
	return worst.status == KE_PASS ? 0 : -1;
}

/* Everything from the plan to a runner that has loaded the candidate. */
static int
prepare(struct job *j, const cJSON *rec, struct ke_err *e)
{
	struct side *side = &j->side;

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
	struct side *side = &j->side;
	int lock = ke_lock_cpu(true, e), status;

	if (lock == -1)
		return -1;
	status = runner_start(&side->runner, &side->program,
	    j->epoch->inputs_ro, side->outputs->fd, &j->verdict, e);
	if (status == 0) {
		state_read(&j->before, "");
		status = check_all(j, e);
		if (status == 0)
			status = measure_all(j, e);
		state_read(&j->after, "");
	}
	ke_unlock_cpu(lock);
	return status;
}

/* What every result says of how it was obtained. */
static void
set_common(cJSON *eval, const struct epoch *e, const struct settings *s,
    unsigned layers)
{
	ke_json_set_string(eval, "effort", s->full ? "full" : "quick");
	ke_json_set_string(eval, "precision", e->tolerance.enforced
	    ? "enforced" : "unenforced");
	report_trust(eval, layers);
	ke_json_set(eval, "baseline", baseline(e->op));
	ke_json_add_number(eval, "workers", e->workers);
	ke_json_set(eval, "env", environment(e->op, ke_dtypes[e->dtype].name,
	    "cpu", s));
}

int
evaluate(struct epoch *epoch, struct settings *settings, const cJSON *rec,
    cJSON *eval, struct ke_err *e)
{
	struct job j = {.side.outputs = &epoch->outputs, .epoch = epoch, .settings = settings, .eval = eval,
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
	report_verdict(eval, &j.verdict);
	set_common(eval, epoch, settings, j.side.runner.layers);
	if (j.after.now_s > 0)
		state_between(ke_json_object(eval, "env"), &j.before,
		    &j.after);
	ke_json_set(eval, "cases", j.cases);
	state_flags(eval);
	report_compile(eval, &j.side.program);
	ke_json_add_number(eval, "seconds", ke_now() - from);
out:
	runner_stop(&j.side.runner);
	program_close(&j.side.program);
	free(j.fitted);
	return status;
}
