/* Where the timed cases lie under the roof of this machine: S. Williams,
 * A. Waterman, D. Patterson, CACM 52(4), 2009. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ceilings.h"
#include "dtype.h"
#include "profile.h"

/* Weighted geometric mean of what is above 0. */
struct mean {
	double sum, weight;
};

static void
mean_add(struct mean *m, double x, double weight)
{
	if (!(x > 0) || !isfinite(x))
		return;
	m->sum += weight * log(x);
	m->weight += weight;
}

/* NaN (which is never printed) of nothing. */
static double
mean_of(const struct mean *m)
{
	return m->weight > 0 ? exp(m->sum / m->weight) : NAN;
}

/* Rates in 1e9 per second; what is not known is 0. */
struct point {
	double gflops, gbps, peak, band, intensity, fraction;
	const char *level;
	bool memory;
};

/* The peak for elements of the record's type: eight bytes take two lanes. */
static double
peak_for(const struct ceilings *c, const char *dtype)
{
	enum ke_dtype t = dtype != NULL ? ke_dtype_find(dtype)
	    : KE_DTYPE_COUNT;

	return t != KE_DTYPE_COUNT && ke_dtypes[t].bytes == 8
	    ? ceilings_peak(c) / 2 : ceilings_peak(c);
}

/* -1 where the case was not timed, or counts for nothing. */
static int
point_of(const cJSON *kase, const struct ceilings *c, double peak,
    struct point *p)
{
	double us = ke_json_number(kase, "t_us", 0);
	double flops = ke_json_number(kase, "flops", 0);
	double bytes = ke_json_number(kase, "bytes", 0);
	const struct level *level = ceilings_level(c, bytes);

	*p = (struct point){.peak = peak, .band = level->gbps,
	    .level = level->name};
	if (!(us > 0) || !(flops > 0 || bytes > 0) ||
	    ke_json_true(kase, "outside"))
		return -1;
	p->gflops = flops > 0 ? flops / us * 1e-3 : 0;
	p->gbps = bytes > 0 ? bytes / us * 1e-3 : 0;
	p->intensity = flops > 0 && bytes > 0 ? flops / bytes : 0;
	p->memory = p->gbps / p->band > p->gflops / p->peak;
	p->fraction = p->memory ? p->gbps / p->band : p->gflops / p->peak;
	return 0;
}

/* Four digits say more than the measurement knows. */
static void
set_known(cJSON *o, const char *name, double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4g", v);
	if (v > 0)
		ke_json_set_number(o, name, strtod(text, NULL));
}

static void
point_set(cJSON *o, const struct point *p)
{
	set_known(o, "gflops", p->gflops);
	set_known(o, "gbps", p->gbps);
	set_known(o, "peak_gflops", p->peak);
	set_known(o, "peak_gbps", p->band);
	set_known(o, "intensity", p->intensity);
	set_known(o, "fraction", p->fraction);
	ke_json_set_string(o, "bound", p->memory ? "memory" : "compute");
	if (p->level != NULL)
		ke_json_set_string(o, "level", p->level);
}

static cJSON *
case_json(const cJSON *kase, const struct point *p)
{
	cJSON *o = cJSON_CreateObject();
	const cJSON *dims = ke_json_object(kase, "dims");

	if (dims != NULL)
		ke_json_set(o, "dims", cJSON_Duplicate(dims, 1));
	point_set(o, p);
	return o;
}

struct sums {
	struct mean gflops, gbps, band, intensity, fraction;
	double memory, compute; /* weight of the cases that each bounds */
};

static void
sums_add(struct sums *s, const struct point *p, double w)
{
	mean_add(&s->gflops, p->gflops, w);
	mean_add(&s->gbps, p->gbps, w);
	mean_add(&s->band, p->band, w);
	mean_add(&s->intensity, p->intensity, w);
	mean_add(&s->fraction, p->fraction, w);
	*(p->memory ? &s->memory : &s->compute) += w;
}

static void
sums_set(cJSON *o, const struct sums *s, double peak)
{
	const struct point p = {.gflops = mean_of(&s->gflops),
	    .gbps = mean_of(&s->gbps), .peak = peak,
	    .band = mean_of(&s->band), .intensity = mean_of(&s->intensity),
	    .fraction = mean_of(&s->fraction),
	    .memory = s->memory > s->compute};

	point_set(o, &p);
}

static int
roofline_json(struct job *j, const struct ceilings *c, struct ke_err *e)
{
	cJSON *o = cJSON_CreateObject(), *cases = cJSON_CreateArray();
	const cJSON *kase;
	struct sums s = {0};
	double peak = peak_for(c, ke_json_string(j->rec, "dtype"));

	cJSON_ArrayForEach(kase, ke_json_array(j->eval, "cases")) {
		double w = ke_json_number(kase, "weight", 1);
		struct point p;

		if (point_of(kase, c, peak, &p) == -1 || !(w > 0))
			continue;
		cJSON_AddItemToArray(cases, case_json(kase, &p));
		sums_add(&s, &p, w);
	}
	if (cJSON_GetArraySize(cases) == 0) {
		cJSON_Delete(cases);
		cJSON_Delete(o);
		return ke_fail(e, "no timed case with flops or bytes");
	}
	sums_set(o, &s, peak);
	ke_json_set_number(o, "workers", c->workers);
	ke_json_set(o, "cases", cases);
	ke_json_set(j->profile, "roofline", o);
	return 0;
}

int
roofline_here(struct ke_err *e)
{
#ifdef __OPTIMIZE__
	(void)e;
	return 0;
#else
	return ke_fail(e, "built without optimisation: what it measured would "
	    "be the compiler");
#endif
}

int
pass_roofline(struct job *j, struct ke_err *e)
{
	struct session *s = j->session;

	if (roofline_here(e) == -1)
		return -1;
	if (s->ceilings.workers != j->workers &&
	    ceilings_get(&s->machine, j->workers, &s->ceilings, e) == -1) {
		s->ceilings.workers = 0;
		return -1;
	}
	return roofline_json(j, &s->ceilings, e);
}
