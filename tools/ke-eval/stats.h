/* Statistics of interleaved pairs.  A sample is the ratio t_baseline /
 * t_candidate of two neighbouring segments; two neighbouring samples (run in
 * the orders AB, BA) make a block, and blocks are what is resampled, because
 * neighbours share the machine's mood. */
#ifndef KE_EVAL_STATS_H
#define KE_EVAL_STATS_H

#include <stddef.h>

struct interval {
	double mid, lo, hi; /* 95 % */
};

struct sample {
	size_t n;
	const double *ratio;
	double weight;
	struct interval speedup; /* filled in */
};

/* Each sample's median ratio with its interval, and the weighted geometric
 * mean over the samples with that of joint resampling.  Percentile bootstrap,
 * widened for small numbers of blocks. */
struct interval stats_speedup(struct sample *, size_t n);

/* Of n values, which are sorted. q in [0, 1]. */
double stats_quantile(double *, size_t n, double q);

/* Standard deviation of the logarithms of block means of ratio. */
double stats_spread(const double *ratio, size_t n);

#endif
