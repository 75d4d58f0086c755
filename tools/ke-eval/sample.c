/* What a race's segments say. */
#include <math.h>
#include <stdlib.h>

#include "defence.h"
#include "sample.h"

#define SLOW 1.33      /* of the usual probe */
#define THROTTLED 0.25 /* of the rounds */
#define PAIRS_MIN 8    /* four blocks: fewer say nothing of their spread */

/* Seconds of one execution. */
static double
seconds(const struct race *r, size_t i, size_t round)
{
	/* without the defence: as if it had been timed once, before */
	if (i == 0 && !defended(pairs))
		return r->epoch->cases[r->layout].pilot_s;
	return r->who[i].at[round].seconds / (double)r->who[i].execs;
}

double
sample_usual(const struct race *r)
{
	double *probes = ke_calloc(r->rounds + 1, sizeof(*probes)), usual;

	for (size_t i = 0; i < r->rounds; i++)
		probes[i] = r->who[0].at[i].probe;
	usual = r->rounds > 0 ? stats_quantile(probes, r->rounds, 0.5) : 0;
	free(probes);
	return usual;
}

/* Ran the block that begins with this round at the usual speed? */
static bool
is_steady(const struct race *r, size_t i, size_t round)
{
	const struct timed *t = &r->who[i].at[round];

	return fmax(t[0].probe, t[1].probe) <= SLOW * r->usual;
}

size_t
sample_pairs(const struct race *r, size_t a, size_t b, double *logs)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < r->rounds; i += 2) {
		if (!is_steady(r, a, i) || !is_steady(r, b, i))
			continue;
		for (size_t k = i; k < i + 2; k++)
			logs[n++] = log(seconds(r, a, k) / seconds(r, b, k));
	}
	return n;
}

size_t
sample_noise(const struct race *r, double *logs)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < r->rounds; i += 2) {
		double l = log(seconds(r, 0, i) / seconds(r, 0, i + 1));

		if (is_steady(r, 0, i))
			logs[n++] = i % 4 == 0 ? l : -l;
	}
	return n;
}

size_t
sample_dropped(const struct race *r, size_t entrant)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < r->rounds; i += 2)
		if (!is_steady(r, 0, i) || !is_steady(r, entrant, i))
			n += 2;
	return n;
}

bool
sample_is_slowed(const struct race *r, size_t entrant)
{
	size_t dropped = sample_dropped(r, entrant);

	return r->rounds < PAIRS_MIN + dropped ||
	    (double)dropped > THROTTLED * (double)r->rounds;
}

/* Where among the pairs of sample_pairs() the parts end; how many have any. */
static size_t
part_ends(const struct race *r, size_t a, size_t b, size_t *end)
{
	size_t n = 0, parts = 0, last = 0;

	for (size_t i = 0; i + 1 < r->rounds; i += 2) {
		if (is_steady(r, a, i) && is_steady(r, b, i))
			n += 2;
		if (n > last && ((i + 2) % r->part == 0 ||
		    i + 3 >= r->rounds)) {
			end[parts++] = n;
			last = n;
		}
	}
	return parts;
}

struct estimate
sample_ratio(const struct race *r, size_t a, size_t b)
{
	double *logs = ke_calloc(r->rounds + 1, sizeof(*logs));
	size_t *end = ke_calloc(r->rounds + 1, sizeof(*end));
	size_t n = sample_pairs(r, a, b, logs), parts;
	struct estimate e = {.error = INFINITY, .df = 2};

	if (n >= PAIRS_MIN && r->part == 0) {
		e = stats_mean(logs, n, 2);
	} else if (n >= PAIRS_MIN) {
		parts = part_ends(r, a, b, end);
		if (parts >= 4)
			e = stats_blocks(logs, end, parts);
	}
	free(end);
	free(logs);
	return e;
}

struct estimate
sample_floor(const struct race *r)
{
	double *logs = ke_calloc(r->rounds + 1, sizeof(*logs));
	size_t n = sample_noise(r, logs);
	struct estimate e = {.error = INFINITY, .df = 2};

	if (n >= PAIRS_MIN / 2)
		e = stats_mean(logs, n, 1);
	free(logs);
	return e;
}

/* The times that count, in us per execution; how many. */
static size_t
times(const struct race *r, size_t beside, size_t i, double *us)
{
	size_t n = 0;

	for (size_t k = 0; k + 1 < r->rounds; k += 2)
		if (is_steady(r, beside, k) && is_steady(r, 0, k)) {
			us[n++] = 1e6 * seconds(r, i, k);
			us[n++] = 1e6 * seconds(r, i, k + 1);
		}
	return n;
}

double
sample_us(const struct race *r, size_t entrant, size_t beside, double q)
{
	double *us = ke_calloc(r->rounds + 1, sizeof(*us));
	size_t n = times(r, beside, entrant, us);
	double v = n > 0 ? stats_quantile(us, n, q) : 0;

	free(us);
	return v;
}

double
sample_cpu_us(const struct race *r, size_t entrant)
{
	double *us = ke_calloc(r->rounds + 1, sizeof(*us)), median = 0;

	for (size_t k = 0; k < r->rounds; k++)
		us[k] = 1e6 * r->who[entrant].at[k].cpu_s /
		    (double)r->who[entrant].execs;
	if (r->rounds > 0)
		median = stats_quantile(us, r->rounds, 0.5);
	free(us);
	return median;
}

static cJSON *
summary(double *us, size_t n)
{
	cJSON *o = cJSON_CreateObject();
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++)
		sum += us[i];
	for (size_t i = 0; i < n; i++)
		squares += (us[i] - sum / (double)n) * (us[i] - sum /
		    (double)n);
	ke_json_add_number(o, "n", (double)n);
	ke_json_add_number(o, "min", stats_quantile(us, n, 0));
	ke_json_add_number(o, "q1", stats_quantile(us, n, 0.25));
	ke_json_add_number(o, "median", stats_quantile(us, n, 0.5));
	ke_json_add_number(o, "q3", stats_quantile(us, n, 0.75));
	ke_json_add_number(o, "max", stats_quantile(us, n, 1));
	ke_json_add_number(o, "mean", sum / (double)n);
	ke_json_add_number(o, "sd", sqrt(squares / ((double)n - 1)));
	ke_json_add_number(o, "outliers", (double)stats_outliers(us, n));
	return o;
}

cJSON *
sample_json(const struct race *r, size_t entrant)
{
	double *v = ke_calloc(r->rounds + 1, sizeof(*v));
	size_t n = times(r, entrant, entrant, v);
	cJSON *o = cJSON_CreateObject();

	if (n >= 2) {
		ke_json_set(o, "candidate", summary(v, n));
		n = times(r, entrant, 0, v);
		ke_json_set(o, "baseline", summary(v, n));
		n = sample_pairs(r, 0, entrant, v);
		ke_json_add_number(o, "autocorrelation",
		    stats_autocorrelation(v, n));
	}
	free(v);
	return o;
}
