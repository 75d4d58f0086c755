/* What the rules of the bottleneck judge by. */
#include <math.h>

#include "facts.h"

static void
facts_mix(struct facts *f, const cJSON *m)
{
	f->mix = m;
	f->function = ke_json_string(m, "function");
	f->called = ke_json_string(m, "called");
	f->all = ke_json_number(m, "instructions", 0);
	f->fma = ke_json_number(m, "fma", 0);
	f->vector = ke_json_number(m, "vector", 0);
	f->scalar = ke_json_number(m, "scalar", 0);
	f->shuffles = ke_json_number(m, "shuffles", 0);
	f->gathers = ke_json_number(m, "gathers", 0);
	f->integer = ke_json_number(m, "integer", 0);
	f->branches = ke_json_number(m, "branches", 0);
	f->calls = ke_json_number(m, "calls", 0);
	f->spills = ke_json_number(m, "spills", 0);
	f->loads = ke_json_number(m, "loads", 0);
	f->chain = ke_json_number(m, "chain_cycles", 0);
	f->bits = ke_json_number(m, "bits", 0);
	f->arithmetic = f->fma + f->vector;
}

static void
facts_roof(struct facts *f, const cJSON *r)
{
	const char *bound = ke_json_string(r, "bound");

	f->roof = r;
	f->gflops = ke_json_number(r, "gflops", 0);
	f->gbps = ke_json_number(r, "gbps", 0);
	f->peak = ke_json_number(r, "peak_gflops", 0);
	f->band = ke_json_number(r, "peak_gbps", 0);
	f->fraction = ke_json_number(r, "fraction", 0);
	f->memory = bound != NULL && *bound == 'm';
}

/* The geometric mean of the times, and the bytes of the first timed case: the
 * one that counters look at. */
static void
facts_cases(struct facts *f, const cJSON *eval)
{
	const cJSON *kase;
	double sum = 0;
	int n = 0;

	cJSON_ArrayForEach(kase, ke_json_array(eval, "cases")) {
		double us = ke_json_number(kase, "t_us", 0);

		if (!(us > 0) || ke_json_true(kase, "outside"))
			continue;
		if (n == 0)
			f->bytes = ke_json_number(kase, "bytes", 0);
		sum += log(us);
		n++;
	}
	f->mean_us = n > 0 ? exp(sum / n) : 0;
}

void
facts_read(struct facts *f, struct job *j)
{
	struct ke_err e;

	*f = (struct facts){.workers = j->workers,
	    .ceilings = &j->session->ceilings};
	facts_mix(f, ke_json_object(j->profile, "mix"));
	facts_roof(f, ke_json_object(j->profile, "roofline"));
	facts_cases(f, j->eval);
	f->counters = ke_json_object(j->profile, "counters");
	f->l1d_misses = ke_json_number(f->counters, "l1d_misses", 0);
	f->has_grid = grid_worst(j, f->function, &f->grid, &e) == 0;
}
