/* A group's run, and what it says of each member. */
#include <math.h>
#include <stdlib.h>

#include "defence.h"
#include "group.h"
#include "lock.h"
#include "measure.h"
#include "report.h"
#include "sample.h"
#include "spawn.h"
#include "target.h"

#define NOISY_QUICK 0.20 /* half-width of the interval beyond which a result */
#define NOISY_FULL 0.05  /* is called noisy */
#define BASE_SLOW 1.2 /* slower than so many times its best, the baseline is
		       * at a bad moment */

/* All timed cases of a run. */
struct run {
	struct member *members;
	size_t n, n_cases;
	struct race *races; /* entrant i + 1 is member i */
	double *weights;
};

static bool
is_alive(const struct member *m)
{
	return m->verdict.status == KE_PASS;
}

static int
run_case(struct run *g, struct race *r, size_t layout, struct ke_err *e)
{
	int status;

	*r = (struct race){.epoch = g->members->epoch, .layout = layout,
	    .n = g->n + 1};
	r->who = ke_calloc(r->n, sizeof(*r->who));
	for (size_t i = 0; i < g->n; i++) {
		struct member *m = &g->members[i];

		r->who[i + 1] = (struct entrant){.side = &m->side,
		    .fitted = &m->fitted[layout], .number = m->number,
		    .in = is_alive(m) && m->fitted[layout].variant != -1};
	}
	status = measure_case(r, e);
	for (size_t i = 0; i < g->n; i++)
		if (r->who[i + 1].in)
			g->members[i].verdict = r->who[i + 1].worst.verdict;
	return status;
}

/* Those that have dropped out are no longer timed. */
static int
run_all(struct run *g, struct ke_err *e)
{
	const struct epoch *epoch = g->members->epoch;

	for (size_t i = 0; i < epoch->n_cases; i++) {
		if (!epoch->cases[i].timed)
			continue;
		g->weights[g->n_cases] = epoch->cases[i].kase->weight;
		if (run_case(g, &g->races[g->n_cases++], i, e) == -1)
			return -1;
	}
	return 0;
}

/* A member's part in a case: outside its domain the baseline serves. */
static size_t
entrant(const struct race *r, size_t i)
{
	return r->who[i].in ? i : 0;
}

/* t_a / t_b over all cases. */
static struct estimate
ratio(const struct run *g, size_t a, size_t b)
{
	struct estimate *e = ke_calloc(g->n_cases, sizeof(*e)), all;

	for (size_t i = 0; i < g->n_cases; i++) {
		const struct race *r = &g->races[i];
		size_t x = entrant(r, a), y = entrant(r, b);

		if (x != y)
			e[i] = sample_ratio(r, x, y);
	}
	all = stats_join(e, g->weights, g->n_cases);
	free(e);
	return all;
}

/* By how much the baseline looks to be faster or slower than itself, over the
 * cases in which the member was timed. */
static double
noise(const struct run *g, size_t member)
{
	struct estimate *e = ke_calloc(g->n_cases, sizeof(*e)), all;

	for (size_t i = 0; i < g->n_cases; i++)
		if (g->races[i].who[member].in)
			e[i] = sample_floor(&g->races[i]);
	all = stats_join(e, g->weights, g->n_cases);
	free(e);
	return stats_noise(&all);
}

static const char *
change(const struct interval *i, double floor)
{
	return i->lo > 1 + floor ? "faster"
	    : i->hi * (1 + floor) < 1 ? "slower" : "same";
}

static void
report_timed(const struct race *r, size_t i, cJSON *o)
{
	struct estimate e, floor;
	struct interval speedup;

	if (!race_has(r, i) &&
	    (r->who[i].worst.verdict.status < KE_INVALID ||
	    r->who[i].worst.verdict.status == KE_LOST))
		return;
	e = sample_ratio(r, 0, i);
	floor = sample_floor(r);
	speedup = stats_ratio(&e);
	ke_json_add_number(o, "t_us", sample_us(r, i, i, 0.5));
	ke_json_add_number(o, "t_lo_us", sample_us(r, i, i, 0.25));
	ke_json_add_number(o, "t_hi_us", sample_us(r, i, i, 0.75));
	ke_json_add_number(o, "cpu_us", sample_cpu_us(r, i));
	ke_json_add_number(o, "baseline_us", sample_us(r, 0, i, 0.5));
	report_interval(o, "speedup", &speedup);
	ke_json_set_number(o, "noise", stats_noise(&floor));
	if (r->who[i].mhz > 0)
		ke_json_add_number(o, "sm_mhz", r->who[i].mhz);
	ke_json_add_number(o, "pairs",
	    (double)(r->rounds - sample_dropped(r, i)));
	ke_json_add_number(o, "dropped", (double)sample_dropped(r, i));
	ke_json_add_number(o, "executions", (double)r->who[i].execs);
	ke_json_set(o, "samples", sample_json(r, i));
}

static void
report_race(const struct race *r, size_t i, cJSON *cases)
{
	const struct layout *l = &r->epoch->cases[r->layout];
	const struct entrant *w = &r->who[i];
	cJSON *o = report_case(r->epoch, r->layout, cases);

	if (!w->in) {
		ke_json_set(o, "outside", cJSON_CreateTrue());
		ke_json_add_number(o, "weight", l->kase->weight);
		return;
	}
	report_verdict(o, &w->worst.verdict);
	report_errors(r->epoch, o, &w->worst);
	ke_json_add_number(o, "weight", l->kase->weight);
	ke_json_add_number(o, "bytes", l->traffic);
	ke_json_add_number(o, "floor_us", r->epoch->target->floor_us(r));
	ke_json_add_number(o, "flops", l->flops);
	ke_json_add_number(o, "slots", (double)r->slots);
	report_timed(r, i, o);
}

/* The cases that a member was timed in; its last is where it dropped out. */
static void
report_races(const struct run *g, size_t i)
{
	struct member *m = &g->members[i];

	for (size_t k = 0; k < g->n_cases; k++) {
		const struct race *r = &g->races[k];

		if (!r->who[i + 1].in &&
		    m->fitted[r->layout].variant != -1)
			break;
		report_race(r, i + 1, m->cases);
	}
}

/* Would who is called faster be so beside the baseline at its best? */
static bool
is_claim_sound(const struct run *g, const struct interval *speedup,
    double floor, double *slowness)
{
	*slowness = 1;
	for (size_t k = 0; k < g->n_cases; k++)
		*slowness = fmax(*slowness, g->races[k].slowness);
	return !defended(pairs) || *slowness < BASE_SLOW ||
	    speedup->lo <= 1 + floor || speedup->lo > (1 + floor) * *slowness;
}

/* The speedup over all timed cases, and whether it is good enough to say. */
static void
conclude(const struct run *g, size_t i)
{
	struct member *m = &g->members[i];
	struct estimate e = ratio(g, 0, i + 1);
	struct interval speedup = stats_ratio(&e);
	double half = stats_half(&e), floor = noise(g, i + 1), slowness;

	report_interval(m->eval, "speedup", &speedup);
	ke_json_set_number(m->eval, "noise", floor);
	if (half > (m->epoch->full ? NOISY_FULL : NOISY_QUICK)) {
		verdict_set(&m->verdict, KE_NOISY, "interval",
		    "the 95 %% interval is %.1f %% wide on each side",
		    100 * half);
		return;
	}
	if (!is_claim_sound(g, &speedup, floor, &slowness)) {
		verdict_set(&m->verdict, KE_NOISY, "baseline",
		    "faster, but the baseline took %.2f times its best",
		    slowness);
		return;
	}
	ke_json_set_string(m->eval, "change", change(&speedup, floor));
	ke_json_set_number(m->eval, "score", speedup.lo);
}

/* Against every other member; its rank is one more than the members that are
 * faster than it beyond noise. */
static void
compare(const struct run *g, size_t i)
{
	struct member *m = &g->members[i];
	cJSON *all = cJSON_CreateArray();
	int rank = 1;

	for (size_t k = 0; k < g->n; k++) {
		cJSON *o;
		struct estimate e;
		struct interval speedup;

		if (k == i || !g->members[k].is_done)
			continue;
		e = ratio(g, k + 1, i + 1);
		speedup = stats_ratio(&e);
		rank += speedup.hi * (1 + noise(g, i + 1)) < 1;
		o = cJSON_CreateObject();
		ke_json_set_string(o, "name", g->members[k].name);
		report_interval(o, "speedup", &speedup);
		cJSON_AddItemToArray(all, o);
	}
	ke_json_set(m->eval, "versus", all);
	ke_json_add_number(m->eval, "rank", rank);
}

int
group_measure(struct member *members, size_t n, struct ke_err *e)
{
	struct run g = {.members = members, .n = n};
	size_t cases = members->epoch->n_cases;
	int status, lock = members->epoch->target->lock(
	    members->epoch->target, true, e);
	double from = ke_now(), joules;
	size_t timed = 0;

	if (lock == -1)
		return -1;
	joules = members->epoch->target->joules(members->epoch);
	for (size_t i = 0; i < n; i++)
		timed += members[i].is_timed = is_alive(&members[i]);
	g.races = ke_calloc(cases, sizeof(*g.races));
	g.weights = ke_calloc(cases, sizeof(*g.weights));
	status = run_all(&g, e);
	for (size_t i = 0; i < n; i++)
		if (members[i].is_timed)
			state_read(&members[i].after, "");
	joules = state_spent(joules,
	    members->epoch->target->joules(members->epoch));
	ke_unlock(lock);
	for (size_t i = 0; status == 0 && i < n; i++) {
		if (!members[i].is_timed)
			continue;
		members[i].time_s = (ke_now() - from) / (double)timed;
		members[i].joules += joules / (double)timed;
		report_races(&g, i);
		members[i].is_done = is_alive(&members[i]);
		if (members[i].is_done)
			conclude(&g, i);
	}
	for (size_t i = 0; status == 0 && n > 1 && i < n; i++)
		if (members[i].is_done)
			compare(&g, i);
	for (size_t i = 0; i < g.n_cases; i++)
		race_close(&g.races[i]);
	free(g.races);
	free(g.weights);
	return status;
}
