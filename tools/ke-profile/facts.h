/* What the rules of the bottleneck judge by. */
#ifndef KE_FACTS_H
#define KE_FACTS_H

#include "grid.h"
#include "profile.h"

/* What the passes found; a number that isn't there is 0. */
struct facts {
	const cJSON *roof, *mix, *counters;
	const struct ceilings *ceilings; /* all 0 where not measured */
	double gflops, gbps, peak, band, fraction, mean_us;
	bool memory;
	double all, fma, vector, scalar, shuffles, gathers, integer, branches;
	double calls, spills, loads, chain, bits;
	double arithmetic; /* of vectors */
	const char *function, *called;
	double bytes, l1d_misses;
	int workers;
	bool has_grid;
	struct grid grid;
};

/* Reads them from the profile, the evaluation and the plan. */
void facts_read(struct facts *, struct job *);

#endif
