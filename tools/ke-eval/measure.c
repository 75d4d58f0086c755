/* The timing rule.
 *
 * A segment runs E executions over distinct slots between two readings of our
 * clock; its wake-ups (about 20 us) are not subtracted, which favours the
 * slower side.  E makes a segment last SEGMENT_S, if there are as many slots.
 * Pairs run in the order AB, BA, AB...  In quick effort their number is fixed.
 * In full effort a pilot says how many make the interval PRECISION wide, and a
 * fresh sample of that size is taken: stopping when the interval looks narrow
 * would break its coverage.
 *
 * A quick sample whose spread says that its interval would be too wide to be
 * of use, or that was slowed too often, is a pilot for a second one.
 *
 * Before each segment a loop of known length tells how fast the processor is;
 * pairs in which it was a third slower than usual are dropped, and where a
 * quarter are, the result is throttled. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "play.h"
#include "spawn.h"

#define SEGMENT_S 0.002
#define SEGMENT_FULL_S 0.005
#define EXECS_PILOT 2
#define EXECS_BYTES (256.0 * 1024 * 1024) /* of outputs in one segment */
#define PAIRS_PILOT 12 /* quick effort: all there is, if it is good enough */
#define PAIRS_QUICK_MAX 48
#define PAIRS_FULL_MIN 24
#define PAIRS_MAX 240
#define PRECISION_QUICK 0.08 /* half-width of the logarithm's interval */
#define PRECISION_FULL 0.008
#define CASE_S 3.0       /* full effort: seconds for one case */
#define SLOW 1.33
#define THROTTLED 0.25

double
measure_probe(void)
{
	uint64_t x = 1;
	double from = ke_now();

	for (int i = 0; i < 40000; i++) {
		x = x * 6364136223846793005u + 1;
		__asm__ volatile("" : "+r"(x));
	}
	return ke_now() - from;
}

static size_t
executions(const struct epoch *e, const struct layout *l, double seconds)
{
	double n = ceil((e->full ? SEGMENT_FULL_S : SEGMENT_S) /
	    fmax(seconds, 1e-7));
	double room = EXECS_BYTES / fmax(l->traffic, 1);

	/* on inputs met twice a kernel could remember what it answered */
	n = fmin(fmin(n, (double)l->n_slots), room);
	return n < 1 ? 1 : (size_t)n;
}

struct pairing {
	struct epoch *epoch;
	struct play base, candidate;
	uint32_t number;
	struct measured *m;
};

/* One segment of the candidate, verified. */
static int
candidate_segment(struct pairing *g, double *seconds, struct ke_err *e)
{
	struct measured *m = g->m;
	struct play *c = &g->candidate;
	struct ran ran;

	c->deadline_s = fmax(2, 20 * (double)c->n_execs *
	    g->epoch->cases[c->layout].base_s);
	if (play_run(&g->candidate, &ran, &m->worst.verdict, e) == -1)
		return -1;
	*seconds = ran.seconds / (double)g->candidate.n_execs;
	return play_verify(&g->candidate, ASK_TIMED, g->number, &m->worst, e);
}

static int
base_segment(struct pairing *g, double *seconds, struct ke_err *e)
{
	struct verdict v;
	struct ran ran;

	if (play_run(&g->base, &ran, &v, e) == -1) {
		if (v.status != KE_PASS)
			ke_fail(e, "the baseline: %s: %s: %s",
			    ke_status_name(v.status), v.code, v.detail);
		g->m->worst.verdict.status = KE_PASS;
		return -1;
	}
	*seconds = ran.seconds / (double)g->base.n_execs;
	return 0;
}

struct pair {
	double base, candidate, probe;
};

static int
run_pair(struct pairing *g, size_t i, struct pair *p, struct ke_err *e)
{
	size_t slot = i % g->m->slots;
	double first;
	int status;

	g->base.slot = g->candidate.slot = slot;
	first = measure_probe();
	if (i % 2 == 0 && base_segment(g, &p->base, e) == -1)
		return -1;
	status = candidate_segment(g, &p->candidate, e);
	if (status == 0 && i % 2 == 1)
		status = base_segment(g, &p->base, e);
	p->probe = fmax(first, measure_probe());
	return status;
}

static int
run_pairs(struct pairing *g, struct pair *p, size_t n, double until,
    size_t *ran, struct ke_err *e)
{
	*ran = 0;
	for (size_t i = 0; i < n; i++) {
		/* whole blocks, and enough of them for an interval */
		if (i % 2 == 0 && i >= PAIRS_PILOT && ke_now() > until)
			break;
		if (run_pair(g, i, &p[i], e) == -1)
			return -1;
		*ran = i + 1;
	}
	return 0;
}

/* Drops the blocks in which the processor was slow. */
static size_t
drop_slow(struct pair *p, size_t n)
{
	double *probes = ke_calloc(n, sizeof(*probes)), usual;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		probes[i] = p[i].probe;
	usual = stats_quantile(probes, n, 0.5);
	free(probes);
	for (size_t i = 0; i + 1 < n; i += 2) {
		if (fmax(p[i].probe, p[i + 1].probe) > SLOW * usual)
			continue;
		p[kept++] = p[i];
		p[kept++] = p[i + 1];
	}
	return kept;
}

static void
summarise(struct measured *m, const struct pair *p)
{
	double *t = ke_calloc(m->pairs, sizeof(*t));

	m->ratio = ke_calloc(m->pairs, sizeof(*m->ratio));
	for (size_t i = 0; i < m->pairs; i++) {
		m->ratio[i] = p[i].base / p[i].candidate;
		t[i] = p[i].base;
	}
	m->base_us = 1e6 * stats_quantile(t, m->pairs, 0.5);
	for (size_t i = 0; i < m->pairs; i++)
		t[i] = p[i].candidate;
	m->t_us = 1e6 * stats_quantile(t, m->pairs, 0.5);
	m->lo_us = 1e6 * stats_quantile(t, m->pairs, 0.25);
	m->hi_us = 1e6 * stats_quantile(t, m->pairs, 0.75);
	free(t);
}

/* The number of pairs that makes the interval of a median so wide, from the
 * spread over the pilot's blocks (a median's error is 1.25 times that of a
 * mean). */
static size_t
pairs_needed(const struct pair *p, size_t n, double precision)
{
	double *ratio = ke_calloc(n, sizeof(*ratio)), need;

	for (size_t i = 0; i < n; i++)
		ratio[i] = p[i].base / p[i].candidate;
	need = 1.96 * 1.25 * stats_spread(ratio, n) / precision;
	free(ratio);
	need = 2 * ceil(need * need);
	return need > PAIRS_MAX ? PAIRS_MAX : (size_t)need;
}

/* A sample of n pairs, without those that were slowed. */
static int
take(struct pairing *g, struct pair *p, size_t n, struct ke_err *e)
{
	struct measured *m = g->m;
	size_t ran;

	if (run_pairs(g, p, n, ke_now() + CASE_S, &ran, e) == -1)
		return -1;
	m->pairs = drop_slow(p, ran);
	m->dropped = ran - m->pairs;
	return 0;
}

static bool
is_slowed(const struct measured *m)
{
	return m->pairs < 4 || (double)m->dropped >
	    THROTTLED * (double)(m->pairs + m->dropped);
}

/* The pilot, and where it isn't enough, the sample that it asks for. */
static int
sample(struct pairing *g, struct pair *p, struct ke_err *e)
{
	struct measured *m = g->m;
	size_t need;

	if (take(g, p, PAIRS_PILOT, e) == -1)
		return -1;
	need = pairs_needed(p, m->pairs, g->epoch->full ? PRECISION_FULL
	    : PRECISION_QUICK);
	if (g->epoch->full)
		need = need < PAIRS_FULL_MIN ? PAIRS_FULL_MIN : need;
	else if (!is_slowed(m) && need <= PAIRS_PILOT)
		return 0;
	else if (need < PAIRS_PILOT || need > PAIRS_QUICK_MAX)
		need = need < PAIRS_PILOT ? PAIRS_PILOT : PAIRS_QUICK_MAX;
	return take(g, p, need, e);
}

static int
run_all(struct pairing *g, struct pair *p, struct ke_err *e)
{
	struct measured *m = g->m;
	struct layout *l = &g->epoch->cases[g->base.layout];
	double seconds;

	/* warms up and says how long one execution takes: of few, the wake-ups
	 * take longer than they do, so the next time it is more of them */
	g->candidate.n_execs = EXECS_PILOT;
	for (int i = 0; i < 3; i++) {
		if (candidate_segment(g, &seconds, e) == -1)
			return -1;
		g->candidate.n_execs = executions(g->epoch, l, seconds);
	}
	m->execs = g->candidate.n_execs;
	g->base.n_execs = executions(g->epoch, l, l->base_s);
	if (sample(g, p, e) == -1)
		return -1;
	if (is_slowed(m))
		return verdict_set(&m->worst.verdict, KE_THROTTLED, "clock",
		    "the processor was slow in %zu of %zu pairs", m->dropped,
		    m->pairs + m->dropped);
	summarise(m, p);
	return 0;
}

int
measure_case(struct epoch *epoch, size_t layout, const struct fitted *fitted,
    struct side *side, uint32_t candidate, struct measured *m, struct ke_err *e)
{
	struct layout *l = &epoch->cases[layout];
	struct pairing g = {.epoch = epoch, .number = candidate, .m = m};
	struct pair *p = ke_calloc(PAIRS_MAX, sizeof(*p));
	double floor_s = l->traffic / (512e9 * epoch->workers);
	int status;

	*m = (struct measured){.slots = l->n_slots, .floor_us = 1e6 * floor_s};
	m->worst.verdict.status = KE_PASS;
	g.base = (struct play){.epoch = epoch, .side = &epoch->base,
	    .fitted = &l->base, .layout = layout, .n_slots = l->n_slots,
	    .deadline_s = 60};
	g.candidate = g.base;
	g.candidate.side = side;
	g.candidate.fitted = fitted;
	status = run_all(&g, p, e);
	/* more bytes a second than a core's nearest caches carry: no time that
	 * real work took */
	if (status == 0 && !(m->lo_us > m->floor_us && m->t_us > 0))
		status = verdict_set(&m->worst.verdict, KE_INVALID, "floor",
		    "%.3g us for %.3g bytes", m->t_us, l->traffic);
	free(p);
	return status;
}
