/* Two results of one candidate: regression, improvement, same, incomparable.
 *
 * A candidate's time can be compared on one machine alone.  Its speedup can be
 * compared anywhere, but a compiler that makes the baseline faster lowers it
 * though the candidate is as fast as before.  So both are told, and
 *   - where the machine is the same and the compiler, the kernel, the tool or
 *     the baseline is another, the time decides, if the processor's clock
 *     (probe_us) was the same;
 *   - else the speedup decides: on another machine, because nothing else can
 *     be compared; and where nothing has changed that is known of, because the
 *     baseline, measured at the same moments, then tells what the machine's
 *     mood is worth, which differs more from day to day than within a run.
 *
 * Results of two runs differ by more than their intervals say, which know only
 * their own run.  On a virtual machine with two processors the speedups of
 * three seeds had standard deviations of 2, 5 and 9 % between 20 runs in quick
 * effort while others loaded it, and of two of them 1 and 2 % in full effort;
 * with these bounds at most 7 of 100 pairs of those runs were told apart
 * wrongly, of which recheck.c leaves fewer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "record.h"
#include "table_parts.h"

#define DRIFT_QUICK 0.05
#define DRIFT_FULL 0.03
#define DRIFT_LOADED 0.25 /* where others wanted the processors */
#define CLOCK 0.02 /* the probe's time varies by less on one clock */
#define Z 1.96
#define MEDIAN 1.2533 /* a median's error over a mean's */
#define IQR 1.349     /* of the normal distribution, in standard deviations */

#define X(name, text) text,
static const char *const changes[] = {COMPARE_CHANGES(X)};
#undef X

/* What is compared, old and new. */
struct pairing {
	const cJSON *old, *rec, *was, *is; /* records, their eval */
	cJSON *out;
	double noise;                /* ratios within it are none */
	struct part_interval time, speedup; /* new over old; mid NaN: none */
	bool same_machine, same_clock, same_tools;
	struct ke_buf why;
};

/* Right, though maybe not measured: noisy and throttled results are. */
static bool
is_right(enum ke_status s)
{
	return s == KE_PASS || s == KE_NOISY || s == KE_THROTTLED;
}

/* Decided by the moment alone: the next evaluation will say. */
static bool
is_moment(enum ke_status s)
{
	return s == KE_NOISY || s == KE_THROTTLED || s == KE_LOST ||
	    s == KE_QUARANTINED;
}

static struct part_interval
from_log(double mid, double below, double above)
{
	return (struct part_interval){exp(mid), exp(mid - below),
	    exp(mid + above)};
}

/* The quotient of two independent estimates (MOVER: Zou and Donner 2008). */
static struct part_interval
quotient(const struct part_interval *a, const struct part_interval *b)
{
	return from_log(log(a->mid / b->mid),
	    hypot(log(a->mid / a->lo), log(b->hi / b->mid)),
	    hypot(log(a->hi / a->mid), log(b->mid / b->lo)));
}

/* Half the width of the 95 % interval of a case's median time (logarithm),
 * from its quartiles. */
static double
time_error(const cJSON *c)
{
	const cJSON *samples = ke_json_object(c, "samples");
	double n = ke_json_number(ke_json_object(samples, "candidate"), "n",
	    ke_json_number(c, "pairs", 0));
	double r = fmin(fmax(ke_json_number(samples, "autocorrelation", 0),
	    0), 0.9);
	double sd = log(ke_json_number(c, "t_hi_us", NAN) /
	    ke_json_number(c, "t_lo_us", NAN)) / IQR;

	return Z * MEDIAN * sd * sqrt((1 + r) / (1 - r) / n);
}

static const cJSON *
find_case(const cJSON *eval, const cJSON *like)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, ke_json_array(eval, "cases"))
		if (strcmp(part_text(c, "set"), part_text(like, "set")) == 0 &&
		    cJSON_Compare(ke_json_object(c, "dims"),
		    ke_json_object(like, "dims"), 1))
			return c;
	return NULL;
}

static bool
is_timed(const cJSON *c)
{
	return strcmp(part_text(c, "set"), "check") != 0;
}

static int
count_timed(const cJSON *eval)
{
	const cJSON *c;
	int n = 0;

	cJSON_ArrayForEach(c, ke_json_array(eval, "cases"))
		n += is_timed(c);
	return n;
}

static void
put_interval(cJSON *o, const char *name, const struct part_interval *i)
{
	cJSON *v = cJSON_CreateObject();

	ke_json_set_number(v, "mid", i->mid);
	ke_json_set_number(v, "lo", i->lo);
	ke_json_set_number(v, "hi", i->hi);
	ke_json_set(o, name, v);
}

static void
put_case(cJSON *all, const cJSON *old, const cJSON *c,
    const struct part_interval *ratio)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set(o, "dims", cJSON_Duplicate(ke_json_object(c, "dims"), 1));
	ke_json_set_number(o, "t_us", ke_json_number(old, "t_us", NAN));
	ke_json_set_number(o, "baseline_us",
	    ke_json_number(old, "baseline_us", NAN));
	put_interval(o, "time_ratio", ratio);
	cJSON_AddItemToArray(all, o);
}

/* Times over the cases: weighted geometric means, and cases. -1 where the two
 * timed other cases. */
static int
compare_times(struct pairing *p)
{
	const cJSON *c, *old;
	cJSON *all = cJSON_CreateArray();
	double sum = 0, base = 0, error = 0, weights = 0;

	ke_json_set(p->out, "cases", all);
	if (count_timed(p->was) != count_timed(p->is))
		return -1;
	cJSON_ArrayForEach(c, ke_json_array(p->is, "cases")) {
		double w = ke_json_number(c, "weight", 1), t, h;

		if (!is_timed(c))
			continue;
		old = find_case(p->was, c);
		if (old == NULL || ke_json_true(old, "outside") !=
		    ke_json_true(c, "outside"))
			return -1;
		if (ke_json_true(c, "outside"))
			continue;
		t = log(ke_json_number(c, "t_us", NAN) /
		    ke_json_number(old, "t_us", NAN));
		h = hypot(time_error(c), time_error(old));
		put_case(all, old, c, &(struct part_interval){exp(t),
		    exp(t - h), exp(t + h)});
		sum += w * t;
		base += w * log(ke_json_number(c, "baseline_us", NAN) /
		    ke_json_number(old, "baseline_us", NAN));
		error = hypot(error, w * h);
		weights += w;
	}
	if (weights > 0 && isfinite(sum + error)) {
		p->time = from_log(sum / weights, error / weights,
		    error / weights);
		put_interval(p->out, "time_ratio", &p->time);
		ke_json_set_number(p->out, "baseline_ratio",
		    exp(base / weights));
	}
	return 0;
}

/* Adds to differs; a and b may be NULL. */
static void
add_difference(struct pairing *p, const char *name, const cJSON *a,
    const cJSON *b)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set_string(o, "name", name);
	if (a != NULL)
		ke_json_set(o, "old", cJSON_Duplicate(a, 1));
	if (b != NULL)
		ke_json_set(o, "new", cJSON_Duplicate(b, 1));
	cJSON_AddItemToArray(ke_json_array(p->out, "differs"), o);
}

/* Says one something else than the other?  Then it is added to differs. */
static bool
member_differs(struct pairing *p, const char *section, const char *name)
{
	const cJSON *a = p->was, *b = p->is;

	if (section != NULL) {
		a = ke_json_object(a, section);
		b = ke_json_object(b, section);
	}
	a = ke_json_get(a, name);
	b = ke_json_get(b, name);
	if (a == NULL || b == NULL ? a == b : cJSON_Compare(a, b, 1))
		return false;
	add_difference(p, name, a, b);
	return true;
}

/* Is the processor's clock the same, as far as a loop of known length says?
 * Where an earlier version told none, we believe so. */
static bool
same_clock(const struct pairing *p)
{
	double was = ke_json_number(ke_json_object(p->was, "env"), "probe_us",
	    NAN);
	double is = ke_json_number(ke_json_object(p->is, "env"), "probe_us",
	    NAN);

	return !(fabs(log(is / was)) > CLOCK);
}

/* What is another now: of the surroundings, and of the candidate. */
static void
compare_surroundings(struct pairing *p)
{
	static const char *const tools[] = {"compiler", "kernel", "tool"};
	const char *was = ke_json_string(p->old, "source");
	const char *is = ke_json_string(p->rec, "source");

	ke_json_set(p->out, "differs", cJSON_CreateArray());
	p->same_machine = !member_differs(p, "env", "cpu");
	p->same_machine = !member_differs(p, "env", "cores") &&
	    p->same_machine;
	p->same_machine = !member_differs(p, NULL, "workers") &&
	    p->same_machine;
	p->same_tools = true;
	for (size_t i = 0; i < KE_LEN(tools); i++)
		p->same_tools = !member_differs(p, "env", tools[i]) &&
		    p->same_tools;
	p->same_tools = !member_differs(p, "baseline", "id") && p->same_tools;
	member_differs(p, NULL, "effort");
	member_differs(p, "compile", "flags");
	member_differs(p, "env", "governor");
	p->same_clock = same_clock(p);
	if (!p->same_clock)
		member_differs(p, "env", "probe_us");
	if (was != NULL && is != NULL && strcmp(was, is) != 0)
		add_difference(p, "source", NULL, NULL);
}

static bool
same_text(const struct pairing *p, const char *name)
{
	return strcmp(part_text(p->was, name), part_text(p->is, name)) == 0;
}

static bool
same_baseline(const struct pairing *p)
{
	return strcmp(part_text(ke_json_object(p->was, "baseline"), "id"),
	    part_text(ke_json_object(p->is, "baseline"), "id")) == 0;
}

/* "0.78 times, 95 % within [0.76, 0.80]" */
static void
say_ratio(struct ke_buf *b, const char *what, const struct part_interval *i)
{
	char *bounds = part_bounds(i);

	ke_buf_fmt(b, "%s %.3g times the earlier, 95 %% within %s", what,
	    i->mid, bounds);
	free(bounds);
}

/* Higher is better for up, else worse. */
static enum compare_change
beyond(const struct pairing *p, const struct part_interval *i, bool up)
{
	if (i->lo > 1 + p->noise)
		return up ? COMPARE_IMPROVEMENT : COMPARE_REGRESSION;
	if (i->hi < 1 / (1 + p->noise))
		return up ? COMPARE_REGRESSION : COMPARE_IMPROVEMENT;
	return COMPARE_SAME;
}

/* Two that pass and whose surroundings allow it. */
static enum compare_change
decide(struct pairing *p)
{
	bool by_time = p->same_machine && !p->same_tools && p->same_clock &&
	    isfinite(p->time.mid);

	if (!by_time && !same_baseline(p)) {
		ke_buf_fmt(&p->why, "the baseline is another, and so is the %s",
		    p->same_machine ? "processor's clock" : "machine");
		return COMPARE_INCOMPARABLE;
	}
	ke_json_set_string(p->out, "decided_by", by_time ? "time" : "speedup");
	if (by_time) {
		say_ratio(&p->why, "the time is", &p->time);
		ke_buf_fmt(&p->why, " (speedup %.3g times)", p->speedup.mid);
		return beyond(p, &p->time, false);
	}
	say_ratio(&p->why, "the speedup is", &p->speedup);
	if (p->same_machine && isfinite(p->time.mid))
		ke_buf_fmt(&p->why, " (time %.3g times)", p->time.mid);
	return beyond(p, &p->speedup, true);
}

/* Did something else run meanwhile? */
static bool
is_loaded(const cJSON *eval)
{
	static const char *const codes[] = {"load", "steal", "swap", "thermal"};
	const cJSON *f;

	cJSON_ArrayForEach(f, ke_json_array(eval, "flags"))
		for (size_t i = 0; i < KE_LEN(codes); i++)
			if (strcmp(part_text(f, "code"), codes[i]) == 0)
				return true;
	return false;
}

static double
noise_of(const cJSON *eval)
{
	double own = ke_json_number(eval, "noise", 0);

	return fmax(own, is_loaded(eval) ? DRIFT_LOADED
	    : strcmp(part_text(eval, "effort"), "full") == 0 ? DRIFT_FULL
	    : DRIFT_QUICK);
}

static enum compare_change
compare_passes(struct pairing *p)
{
	struct part_interval was = {0}, is = {0};
	bool same_cases;

	p->time.mid = NAN;
	p->noise = fmax(noise_of(p->was), noise_of(p->is));
	ke_json_set_number(p->out, "noise", p->noise);
	same_cases = compare_times(p) == 0;
	if (!same_text(p, "effort"))
		ke_buf_str(&p->why, "other effort");
	else if (ke_json_number(p->was, "workers", 0) !=
	    ke_json_number(p->is, "workers", 0))
		ke_buf_str(&p->why, "other number of workers");
	else if (!same_cases)
		ke_buf_str(&p->why, "other timed cases");
	else if (!part_interval(p->was, "speedup", &was) ||
	    !part_interval(p->is, "speedup", &is))
		ke_buf_str(&p->why, "one of them was not timed");
	if (p->why.n > 0)
		return COMPARE_INCOMPARABLE;
	p->speedup = quotient(&is, &was);
	put_interval(p->out, "speedup_ratio", &p->speedup);
	return decide(p);
}

static enum compare_change
compare_statuses(struct pairing *p, enum ke_status was, enum ke_status is)
{
	if (was == KE_PASS && is == KE_PASS)
		return compare_passes(p);
	ke_buf_fmt(&p->why, "it is %s, was %s", ke_status_name(is),
	    ke_status_name(was));
	if (is_moment(is) || was == KE_LOST || was == KE_QUARANTINED)
		return COMPARE_INCOMPARABLE;
	if (is_right(was) != is_right(is)) {
		ke_json_set_string(p->out, "decided_by", "status");
		return is_right(is) ? COMPARE_IMPROVEMENT : COMPARE_REGRESSION;
	}
	/* both fail; or the earlier was right and not measured */
	return is_right(is) ? COMPARE_INCOMPARABLE : COMPARE_SAME;
}

cJSON *
compare(const cJSON *old, const cJSON *rec, enum compare_change *change)
{
	struct pairing p = {.old = old, .rec = rec,
	    .was = ke_json_object(old, "eval"),
	    .is = ke_json_object(rec, "eval"), .out = cJSON_CreateObject()};
	const cJSON *speedup = ke_json_object(p.was, "speedup");
	enum ke_status was = ke_status_find(part_text(p.was, "status"));
	enum ke_status is = ke_status_find(part_text(p.is, "status"));

	ke_json_set_string(p.out, "change", "");
	ke_json_set_string(p.out, "why", "");
	ke_json_set_string(p.out, "status", part_text(p.was, "status"));
	if (speedup != NULL)
		ke_json_set(p.out, "speedup", cJSON_Duplicate(speedup, 1));
	compare_surroundings(&p);
	if (was == KE_STATUS_COUNT || is == KE_STATUS_COUNT) {
		ke_buf_str(&p.why, "the earlier status is unknown");
		*change = COMPARE_INCOMPARABLE;
	} else {
		*change = compare_statuses(&p, was, is);
	}
	ke_json_set_string(p.out, "change", changes[*change]);
	ke_json_set_text(p.out, "why", p.why.s, p.why.n);
	ke_buf_free(&p.why);
	return p.out;
}

cJSON *
compare_nothing(const char *why)
{
	cJSON *out = cJSON_CreateObject();

	ke_json_set_string(out, "change", changes[COMPARE_INCOMPARABLE]);
	ke_json_set_string(out, "why", why);
	return out;
}

bool
compare_is_doubtful(const cJSON *compared, const cJSON *rec)
{
	const char *by = part_text(compared, "decided_by");
	enum ke_status is = ke_status_find(part_text(ke_json_object(rec,
	    "eval"), "status"));

	if (ke_status_passing(is))
		return true;
	return strcmp(part_text(compared, "change"),
	    changes[COMPARE_REGRESSION]) == 0 && strcmp(by, "status") != 0;
}

static void
add_value(struct ke_buf *b, const cJSON *v)
{
	char *text = v == NULL || cJSON_IsString(v) ? NULL : ke_json_print(v);

	ke_buf_str(b, v == NULL ? "unknown" : text != NULL ? text
	    : v->valuestring);
	free(text);
}

void
compare_words(const cJSON *compared, struct ke_buf *b)
{
	const cJSON *d;

	ke_buf_str(b, part_text(compared, "why"));
	cJSON_ArrayForEach(d, ke_json_array(compared, "differs")) {
		const cJSON *old = ke_json_get(d, "old");
		const cJSON *new = ke_json_get(d, "new");

		if (old == NULL && new == NULL) {
			ke_buf_fmt(b, "; another %s", part_text(d, "name"));
			continue;
		}
		ke_buf_fmt(b, "; %s: ", part_text(d, "name"));
		add_value(b, old);
		ke_buf_str(b, " -> ");
		add_value(b, new);
	}
	part_plain(b->s);
}
