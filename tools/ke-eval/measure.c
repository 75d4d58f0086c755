/* The timing rule.
 *
 * A segment runs E executions over distinct slots between two readings of our
 * clock; its wake-ups (about 20 us) are not subtracted, which favours the
 * slower side.  E makes a segment last SEGMENT_S, if there are as many slots.
 *
 * In a round each entrant runs one segment, all from the same slot on.  Two
 * rounds are a block: the second has the order of the first mirrored, so that a
 * machine that grows slower or warmer, and a place in the row, hit all alike.
 *
 * What ran just before decides what is in the caches: another's segment leaves
 * the inputs, the verifier takes them away and leaves the outputs that it read.
 * A baseline that always came after the verifier was 2 to 7 % slower than
 * itself, and one whose outputs weren't verified 1 to 4 %.  So outputs are
 * verified after every segment, the baseline's too.
 *
 * A pilot says how many rounds make the interval PRECISION wide, and a fresh
 * sample of that size is taken: to stop when an interval looks narrow would
 * break its coverage.
 *
 * Before and after each segment a loop of known length tells how fast the
 * processor is: see sample.h.  The loop doesn't feel who else wants the
 * caches or the other half of a core; the baseline does, so its time is held
 * against its best of the epoch.  A sample in which the one was slow too often
 * or the other as a whole is taken once more. */
#include <math.h>
#include <stdlib.h>

#include "defence.h"
#include "measure.h"
#include "play.h"
#include "random.h"
#include "sample.h"
#include "spawn.h"
#include "stats.h"
#include "target.h"

#define EXECS_PILOT 2
#define ALIKE 1.5
#define LEAST_S 2.0 /* deadline of a segment, at least */
#define BASE_S 10.0 /* of the baseline's */

static const struct pace *
pace(const struct race *r)
{
	return &r->epoch->target->pace[r->epoch->full];
}

/* Thrice the quickest of three loops: an interrupt takes as long as one of them,
 * and says nothing of how fast the processor is. */
double
measure_probe(void)
{
	uint64_t x = 1;
	double least = INFINITY;

	for (int k = 0; k < 3; k++) {
		double from = ke_now();

		for (int i = 0; i < 13333; i++) {
			x = x * 6364136223846793005u + 1;
			__asm__ volatile("" : "+r"(x));
		}
		least = fmin(least, ke_now() - from);
	}
	return 3 * least;
}

static size_t
executions(const struct race *r, size_t i, double seconds)
{
	const struct target *t = r->epoch->target;
	const struct layout *l = &r->epoch->cases[r->layout];
	const struct side *side = r->who[i].side;
	double n = ceil(pace(r)->segment_s / fmax(seconds, 1e-7));
	double room = t->segments_bytes / fmax(l->traffic, 1);

	/* on inputs met twice a kernel could remember what it answered */
	n = fmin(fmin(n, (double)l->n_slots), room);
	n = fmin(n, floor((double)t->queue /
	    (double)side->program.plan->n_launches));
	return n < 1 ? 1 : (size_t)n;
}

bool
race_has(const struct race *r, size_t i)
{
	return r->who[i].in && r->who[i].worst.verdict.status == KE_PASS;
}

static size_t
count_candidates(const struct race *r)
{
	size_t n = 0;

	for (size_t i = 1; i < r->n; i++)
		n += race_has(r, i);
	return n;
}

/* It was right when the epoch began, and what runs it serves all. */
static int
base_failed(struct race *r, struct verdict *v)
{
	if (v->status == KE_PASS)
		return -1;
	(void)epoch_lose(r->epoch, v, "the baseline: %s: %s: %s",
	    ke_status_name(v->status), v->code, v->detail);
	return 0;
}

static struct play
segment_of(const struct race *r, size_t i, size_t round)
{
	const struct entrant *w = &r->who[i];
	double base_s = r->epoch->cases[r->layout].base_s;

	return (struct play){.epoch = r->epoch, .side = w->side,
	    .fitted = w->fitted, .layout = r->layout,
	    .slot = round % r->slots, .n_execs = w->execs,
	    .n_slots = r->slots, .deadline_s = fmax(i == 0 ? BASE_S
	    : LEAST_S, 20 * (double)w->execs * base_s)};
}

/* One segment of one entrant; a candidate may drop out by it. */
static int
run_segment(struct race *r, size_t i, size_t round, struct timed *t,
    struct ke_err *e)
{
	struct verdict *v = &r->who[i].worst.verdict;
	struct play p = segment_of(r, i, round);
	struct ran ran;

	if (play_run(&p, &ran, v, e) == -1)
		return i == 0 ? base_failed(r, v)
		    : v->status == KE_PASS ? -1 : 0;
	r->who[i].mhz = ran.mhz;
	/* a slow clock is as a long loop */
	*t = (struct timed){.seconds = ran.seconds, .cpu_s = ran.cpu_s,
	    .wall_s = ran.wall_s, .probe = ran.mhz > 0 ? 1 / ran.mhz : 0};
	return 0;
}

/* Has its outputs verified, if it hasn't dropped out; that may be the reason
 * to.  Whether the baseline's are what they were is no question here. */
static int
verify_segment(struct race *r, size_t i, size_t round, struct ke_err *e)
{
	struct entrant *w = &r->who[i];
	struct play p = segment_of(r, i, round);
	int status;

	if (!race_has(r, i))
		return 0;
	status = play_verify(&p, ASK_TIMED, w->number, &w->worst, e);
	if (status == -1 && w->worst.verdict.status == KE_PASS)
		return -1;
	if (i == 0 && w->worst.verdict.status != KE_LOST)
		w->worst.verdict.status = KE_PASS;
	return 0;
}

/* The order of a block: order[0 .. n), a permutation that the epoch's seed
 * draws, so that nobody always follows the same one. */
static void
draw_order(const struct race *r, size_t block, size_t *order)
{
	uint64_t key = random_key(r->epoch->seed, block);

	for (size_t i = 0; i < r->n; i++) {
		size_t k = (size_t)(random_word(key, i) % (i + 1));

		order[i] = i;
		order[i] = order[k];
		order[k] = i;
	}
}

static int
run_round(struct race *r, size_t round, struct ke_err *e)
{
	size_t order[GROUP_MAX + 1];
	double (*probe)(void) = r->epoch->target->probe;
	double last = probe == NULL ? 0 : probe(), now;

	draw_order(r, round / 2, order);
	for (size_t k = 0; k < r->n; k++) {
		size_t i = order[round % 2 == 0 ? k : r->n - 1 - k];
		struct timed *t = &r->who[i].at[round];

		if (!race_has(r, i))
			continue;
		if (run_segment(r, i, round, t, e) == -1 ||
		    verify_segment(r, i, round, e) == -1)
			return -1;
		if (probe == NULL)
			continue;
		now = probe();
		t->probe = fmax(last, now);
		last = now;
	}
	return 0;
}

/* How long a part of a sample of n rounds is: whole blocks, so few that there
 * are no fewer parts than there should be. */
static size_t
part_of(const struct race *r, size_t n)
{
	size_t parts = pace(r)->parts;

	if (parts == 0 || r->epoch->target->renew == NULL)
		return 0;
	return n / parts < 2 ? 2 : n / parts / 2 * 2;
}

static int
renew_all(struct race *r, struct ke_err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		struct verdict *v = &r->who[i].worst.verdict;

		if (!race_has(r, i) || r->epoch->target->renew(r->epoch,
		    r->who[i].side, pace(r)->processes, v, e) == 0)
			continue;
		if (i == 0)
			return base_failed(r, v);
		if (v->status == KE_PASS)
			return -1;
	}
	return 0;
}

/* A sample of n rounds, or as many as there is time for. */
static int
run_rounds(struct race *r, size_t n, size_t least, struct ke_err *e)
{
	size_t candidates = count_candidates(r);
	double until = ke_now() + pace(r)->case_s * (double)(candidates + 1) /
	    2;

	r->rounds = 0;
	r->part = part_of(r, n);
	for (size_t i = 0; i < n && candidates > 0; i++) {
		if (i % 2 == 0 && i >= least && ke_now() > until)
			break;
		if (r->part > 0 && i % r->part == 0 && renew_all(r, e) == -1)
			return -1;
		if (run_round(r, i, e) == -1)
			return -1;
		r->rounds = i + 1;
		candidates = count_candidates(r);
	}
	r->usual = sample_usual(r);
	return 0;
}

static bool
is_near(size_t a, size_t b)
{
	return fmax((double)a / (double)b, (double)b / (double)a) <= ALIKE;
}

/* Warms up and says how long one execution takes: of few, the wake-ups take
 * longer than they do, so the next time it is more of them.  Those that are
 * about as fast as one before run as many, so that equals have equal parts. */
static int
warm_up(struct race *r, size_t i, struct ke_err *e)
{
	struct entrant *w = &r->who[i];
	const struct layout *l = &r->epoch->cases[r->layout];
	struct timed t = {0};
	double least = INFINITY; /* not of an interrupted one */

	w->execs = EXECS_PILOT;
	for (size_t k = 0; k < 3 && race_has(r, i); k++) {
		if (run_segment(r, i, k, &t, e) == -1 ||
		    verify_segment(r, i, k, e) == -1)
			return -1;
		if (!race_has(r, i))
			break;
		least = fmin(least, t.seconds / (double)w->execs);
		w->execs = executions(r, i, least);
	}
	if (i == 0)
		r->epoch->cases[r->layout].base_s = fmin(l->base_s, least);
	for (size_t k = 0; k < i; k++)
		if (race_has(r, k) && is_near(w->execs, r->who[k].execs)) {
			w->execs = r->who[k].execs;
			break;
		}
	return 0;
}

/* The rounds that make the widest candidate's interval narrow enough. */
static size_t
rounds_needed(const struct race *r, const struct pace *f)
{
	double *logs = ke_calloc(r->rounds + 1, sizeof(*logs)), need = 0;

	for (size_t i = 1; i < r->n; i++) {
		size_t n = race_has(r, i) ? sample_pairs(r, 0, i, logs) : 0;

		if (n >= 4)
			need = fmax(need, stats_needed(logs, n, 2,
			    f->precision));
	}
	free(logs);
	if (need < (double)f->least)
		return f->least;
	return need > (double)f->most ? f->most : (size_t)need;
}

/* How many times as long the baseline took as in its fastest sample of the
 * epoch: at a moment that slows it more than others, who is beside it looks
 * fast. */
static double
base_slowness(const struct race *r)
{
	struct layout *l = &r->epoch->cases[r->layout];
	double now = sample_us(r, 0, 0, 0.5);

	if (!(now > 0))
		return 1;
	if (l->usual_us == 0 || now < l->usual_us)
		l->usual_us = now;
	return now / l->usual_us;
}

static bool
any_slowed(const struct race *r)
{
	for (size_t i = 1; i < r->n; i++)
		if (race_has(r, i) && sample_is_slowed(r, i))
			return true;
	return false;
}

static int
take_sample(struct race *r, struct ke_err *e)
{
	const struct pace *f = pace(r);
	size_t need;

	if (run_rounds(r, f->pilot, f->pilot, e) == -1)
		return -1;
	need = rounds_needed(r, f);
	if (run_rounds(r, need, f->least, e) == -1)
		return -1;
	return any_slowed(r) ? run_rounds(r, need, f->least, e) : 0;
}

/* What is not believed of a candidate's time. */
static void
doubt(struct race *r, size_t i)
{
	struct verdict *v = &r->who[i].worst.verdict;
	const struct target *t = r->epoch->target;
	double low = sample_us(r, i, i, 0.25), least = t->floor_us(r);

	if (sample_is_slowed(r, i))
		verdict_set(v, KE_THROTTLED, "clock",
		    "the processor was slow in %zu of %zu pairs",
		    sample_dropped(r, i), r->rounds);
	else if (defended(floor) && low < least)
		verdict_set(v, KE_INVALID, "floor", "%.3g us for %.3g bytes",
		    low, r->epoch->cases[r->layout].traffic);
	else if (defended(clocks))
		t->doubt(r, i, v);
}

int
measure_case(struct race *r, struct ke_err *e)
{
	struct layout *l = &r->epoch->cases[r->layout];

	r->slots = l->n_slots;
	r->who[0] = (struct entrant){.side = &r->epoch->base,
	    .fitted = &l->base, .in = true, .number = BASE_NUMBER};
	for (size_t i = 0; i < r->n; i++) {
		struct entrant *w = &r->who[i];

		w->worst.verdict.status = KE_PASS;
		w->at = ke_calloc(pace(r)->most,
		    sizeof(*w->at));
		if (w->in && warm_up(r, i, e) == -1)
			return -1;
	}
	if (count_candidates(r) > 0 && take_sample(r, e) == -1)
		return -1;
	r->slowness = base_slowness(r);
	for (size_t i = 1; i < r->n; i++) {
		if (!race_has(r, i))
			continue;
		/* to whom it came after its last segment, too */
		if (r->epoch->down.status != KE_PASS)
			r->who[i].worst.verdict = r->epoch->down;
		else
			doubt(r, i);
	}
	return 0;
}

void
race_close(struct race *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->who[i].at);
	free(r->who);
	r->who = NULL;
}
