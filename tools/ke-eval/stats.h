/* Statistics of interleaved segments.  A sample is a series of logarithms of
 * ratios of two neighbouring segments' times; the neighbours of a block were
 * run in mirrored order, and share the machine's mood.
 *
 * How an interval is made, and why so.  Its middle is the mean of the series
 * after values further than CLAMP robust standard deviations from the median
 * were pulled in to there: interruptions, which hit one segment in ten on a
 * busy machine, then neither move nor widen it, while little is lost where
 * there are none.  Its width is Student's t over the means of blocks, with
 *   - the variance of a mean of values that resemble their neighbours: (1 + r)
 *     / (1 - r) times that of independent ones, r the lag-1 autocorrelation of
 *     the block means.  Of few blocks r is hardly known and comes out too
 *     small, so what was seen is corrected for that bias and weighed against
 *     R_PRIOR, a caution that counts like R_WEIGHT blocks;
 *   - Yuen's correction for what was pulled in (1974, Biometrika 61).
 * A percentile bootstrap of blocks, however it is widened for their small
 * number, knows nothing of correlation between blocks and holds the truth in
 * 84 % of samples where that of single pairs is 0.5; this holds it in at least
 * 95 % (tests/test_eval_stats.c), with 24 pairs 1.5 times as wide as if
 * the variance were known, with 240 1.1 times.  It costs no resampling, which
 * for a group's many ratios would cost more than to measure.
 *
 * Some of what makes two equal kernels differ stays as long as their processes
 * and pages do: where these lie in the caches.  It is the same in all blocks,
 * so no statistic of theirs knows of it; half a per cent is usual.  In full
 * effort both get new ones several times (struct race), and the blocks are what
 * lies between.
 *
 * Cases are measured one after the other, so their errors are independent:
 * variances add up, and degrees of freedom by Welch and Satterthwaite. */
#ifndef KE_EVAL_STATS_H
#define KE_EVAL_STATS_H

#include <stddef.h>

struct interval {
	double mid, lo, hi; /* 95 % */
};

/* Of a logarithm: its mean, the mean's standard error, degrees of freedom. */
struct estimate {
	double mean, error, df;
};

/* Of at least two blocks, none of them empty, that end before log[end[i]]. */
struct estimate stats_blocks(const double *log, const size_t *end,
    size_t blocks);

/* Of n values, n / block whole blocks. */
struct estimate stats_mean(const double *log, size_t n, size_t block);

/* The mean weighted by weight, of independent ones. */
struct estimate stats_join(const struct estimate *, const double *weight,
    size_t n);

/* Half the width of the 95 % interval. */
double stats_half(const struct estimate *);

/* The 95 % interval of the ratio. */
struct interval stats_ratio(const struct estimate *);

/* From a sample of a ratio that is 1: by which fraction one may look to be
 * another, the further end of its interval. */
double stats_noise(const struct estimate *);

/* How many values make half the width so small, by this pilot's spread. */
double stats_needed(const double *log, size_t n, size_t block,
    double half);

/* Of n values, which are sorted. q in [0, 1]. */
double stats_quantile(double *, size_t n, double q);

/* Of n sorted values, how many lie outside Tukey's fences: further than 1.5
 * times the distance of the quartiles beyond them. */
size_t stats_outliers(const double *sorted, size_t n);

/* Lag 1; 0 where nothing varies. */
double stats_autocorrelation(const double *, size_t n);

#endif
