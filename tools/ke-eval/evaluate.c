/* What ke-eval does with one record.
 *
 * Check cases come before timed ones, so that a wrong kernel costs no time.
 * In quick effort a program with constants, which would be compiled anew for
 * each case, is checked on one check case, which its number picks; full effort
 * compiles them all. */
#include <math.h>
#include <stdlib.h>

#include "group.h"
#include "lock.h"
#include "play.h"
#include "random.h"
#include "report.h"
#include "spawn.h"
#include "target.h"

#define CHECK_S 2.0      /* deadline of a check case, at least */
#define CHECKS_MIN 3     /* check cases that must lie in the domain */

/* The check case that stands for all in quick effort where each would be
 * compiled by itself: it rotates with the candidate's number. */
static bool
is_skipped(const struct member *m, size_t i, size_t checks)
{
	const struct program *p = &m->side.program;
	bool specialised = p->plan->constants != NULL &&
	    cJSON_GetArraySize(p->plan->constants) > 0;

	return !m->epoch->full && specialised && !m->epoch->cases[i].timed &&
	    i != random_word(m->epoch->seed, m->number) % checks;
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
fit_all(struct member *m)
{
	struct epoch *e = m->epoch;
	size_t checks = count_checks(e), inside = 0;

	for (size_t i = 0; i < e->n_cases; i++) {
		struct fitted *f = &m->fitted[i];

		if (ke_plan_resolve(m->side.program.plan, e->op,
		    e->cases[i].kase, m->side.program.choice, &f->r,
		    &(struct ke_err){{0}}) == 0 && is_skipped(m, i, checks)) {
			inside += !f->r.outside;
			f->variant = -1;
			continue;
		}
		if (program_fit(&m->side.program, m->source, e->op,
		    e->dtype, e->cases[i].kase, f, &m->verdict) == -1)
			return -1;
		inside += !e->cases[i].timed && f->variant != -1;
	}
	if (inside < CHECKS_MIN && inside < checks)
		return verdict_set(&m->verdict, KE_PLAN_ERROR, "domain",
		    "only %zu check cases lie in the domain; %d must", inside,
		    CHECKS_MIN);
	return 0;
}

static int
check_case(struct member *m, size_t i, struct ke_err *e)
{
	struct epoch *epoch = m->epoch;
	struct layout *l = &epoch->cases[i];
	struct answer worst = {.verdict.status = KE_PASS};
	struct ran ran;
	struct play p = {.epoch = epoch, .side = &m->side,
	    .fitted = &m->fitted[i], .layout = i, .n_execs = l->n_slots,
	    .n_slots = l->n_slots, .junk = true,
	    .deadline_s = fmax(CHECK_S, 20 * l->base_s * (double)l->n_slots)};
	cJSON *o = report_case(m->epoch, i, m->cases);
	int status;

	for (size_t t = 0; t < epoch->op->n_tensors; t++)
		worst.ratio[t] = -1;
	status = play_run(&p, &ran, &worst.verdict, e);
	if (status == 0)
		status = play_verify(&p, ASK_CHECK, m->number, &worst, e);
	if (status == -1 && worst.verdict.status == KE_PASS)
		return -1;
	m->verdict = worst.verdict;
	report_verdict(o, &worst.verdict);
	report_errors(epoch, o, &worst);
	return status;
}

/* The worst of the cases decides: one that is imprecise may be wrong in
 * another. */
static int
check_all(struct member *m, struct ke_err *e)
{
	struct verdict worst = {.status = KE_PASS};

	for (size_t i = 0; i < m->epoch->n_cases; i++) {
		m->verdict.status = KE_PASS;
		if (m->epoch->cases[i].timed || m->fitted[i].variant == -1 ||
		    check_case(m, i, e) == 0)
			continue;
		if (m->verdict.status == KE_PASS)
			return -1;
		if (m->verdict.status < worst.status)
			worst = m->verdict;
		if (worst.status <= KE_WRONG)
			break;
	}
	m->verdict = worst;
	return worst.status == KE_PASS ? 0 : -1;
}

/* 0; -1 with the member's verdict or, where that is KE_PASS, the reason in
 * e. */
static int
compile_all(struct member *m, const cJSON *rec, struct ke_err *e)
{
	struct program *p = &m->side.program;

	m->source = ke_json_string(rec, "source");
	if (program_open(p, target_toolchain(m->epoch->target, rec), m->source,
	    m->epoch->op, ke_json_object(rec, "choice"), &m->verdict) == -1 ||
	    fit_all(m) == -1)
		return -1;
	if (program_compile(p, m->settings->jobs, &m->verdict, e) == -1)
		return -1;
	return m->verdict.status == KE_PASS ? 0 : -1;
}

/* Likewise, on the check cases. */
static int
check_locked(struct member *m, struct ke_err *e)
{
	struct side *side = &m->side;
	const struct target *t = m->epoch->target;
	int lock = t->lock(t, true, e), status;
	double from;

	if (lock == -1)
		return -1;
	from = t->joules(m->epoch);
	status = t->start(m->epoch, side, &m->verdict, e);
	if (status == 0) {
		state_read(&m->before, "");
		status = check_all(m, e);
		state_read(&m->after, "");
	}
	m->joules = state_spent(from, t->joules(m->epoch));
	/* one that is wrong has no business beside the others */
	if (status == -1)
		t->stop(m->epoch, side);
	ke_unlock(lock);
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
	report_trust(eval, e->target, layers);
	ke_json_set(eval, "baseline", baseline(e->op, e->target));
	ke_json_add_number(eval, "workers", e->workers);
	ke_json_set(eval, "env", environment(e->op, ke_dtypes[e->dtype].name,
	    e->target, s));
}

/* Seconds from *from, which becomes now. */
static double
lap(double *from)
{
	double last = *from;

	*from = ke_now();
	return *from - last;
}

/* Up to where it can be timed.  -1 where the system failed. */
static int
prepare(struct member *m, const cJSON *rec, struct ke_err *e)
{
	double from = ke_now();
	int status;

	ke_json_set_string(m->eval, "status", "");
	ke_json_add_number(m->eval, "score", 0);
	m->side.outputs = &m->epoch->outputs;
	m->fitted = ke_calloc(m->epoch->n_cases, sizeof(*m->fitted));
	m->cases = cJSON_CreateArray();
	status = compile_all(m, rec, e);
	m->compile_s = lap(&from);
	if (status == 0) {
		status = check_locked(m, e);
		m->check_s = lap(&from);
	}
	return status == -1 && m->verdict.status == KE_PASS ? -1 : 0;
}

/* On a device that tells its power: what an execution takes of it. */
static void
add_energy(cJSON *cases, const cJSON *env)
{
	double watts = ke_json_number(env, "power_w", 0);
	cJSON *c;

	cJSON_ArrayForEach(c, cases) {
		double us = ke_json_number(c, "t_us", 0);

		if (watts > 0 && us > 0)
			ke_json_add_number(c, "energy_uj", watts * us);
	}
}

static void
report(struct member *m)
{
	cJSON *phases = cJSON_CreateObject();

	report_verdict(m->eval, &m->verdict);
	set_common(m->eval, m->epoch, m->settings,
	    m->side.runner.layers);
	/* what the processors do beside is nothing to a device */
	if (m->after.now_s > 0 && m->epoch->target == &target_cpu)
		state_between(ke_json_object(m->eval, "env"), &m->before,
		    &m->after);
	if (m->epoch->target->state != NULL)
		m->epoch->target->state(m->epoch, ke_json_object(m->eval,
		    "env"));
	add_energy(m->cases, ke_json_object(m->eval, "env"));
	ke_json_set(m->eval, "cases", m->cases);
	m->cases = NULL;
	state_flags(m->eval);
	report_compile(m->eval, &m->side.program);
	ke_json_add_number(phases, "compile", m->compile_s);
	ke_json_add_number(phases, "check", m->check_s);
	ke_json_add_number(phases, "time", m->time_s);
	ke_json_set(m->eval, "phases", phases);
	ke_json_add_number(m->eval, "seconds", m->compile_s + m->check_s +
	    m->time_s);
	if (m->joules >= 0)
		ke_json_add_number(m->eval, "joules", m->joules);
}

uint32_t
settings_number(struct settings *s)
{
	s->candidates = s->candidates <= BASE_NUMBER ? BASE_NUMBER + 1
	    : s->candidates + 1;
	return s->candidates;
}

int
evaluate(struct epoch *epoch, struct settings *settings,
    struct candidate *c, size_t n, struct ke_err *e)
{
	struct member *all = ke_calloc(n, sizeof(*all));
	bool any = false;
	int status = 0;

	for (size_t i = 0; i < n && status == 0; i++) {
		all[i] = (struct member){.epoch = epoch,
		    .settings = settings, .number = settings_number(settings),
		    .name = c[i].name, .eval = c[i].eval,
		    .joules = NAN, .verdict.status = KE_PASS};
		status = prepare(&all[i], c[i].rec, e);
		any = any || all[i].verdict.status == KE_PASS;
	}
	if (status == 0 && any)
		status = group_measure(all, n, e);
	/* the system failed: nothing is said of the candidates */
	for (size_t i = 0; i < n; i++) {
		if (status == 0)
			report(&all[i]);
		cJSON_Delete(all[i].cases);
		epoch->target->stop(epoch, &all[i].side);
		program_close(&all[i].side.program);
		free(all[i].fitted);
	}
	free(all);
	return status;
}
