/* Statistics of interleaved segments. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "stats.h"

#define CLAMP 3.0
#define MAD 1.4826 /* normal: standard deviation over median deviation */
#define R_PRIOR 0.4
#define R_WEIGHT 16.0
#define R_MAX 0.7
#define FENCE 1.5
#define WIDTH 2.7 /* half an interval, of so many standard errors */

static int
ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of n sorted values. */
static double
quantile(const double *v, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	if (i + 1 >= n)
		return v[n - 1];
	return v[i] + (at - (double)i) * (v[i + 1] - v[i]);
}

double
stats_quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof(*v), ascending);
	return quantile(v, n, q);
}

size_t
stats_outliers(const double *v, size_t n)
{
	double q1 = quantile(v, n, 0.25), q3 = quantile(v, n, 0.75);
	size_t out = 0;

	for (size_t i = 0; i < n; i++)
		out += v[i] < q1 - FENCE * (q3 - q1) ||
		    v[i] > q3 + FENCE * (q3 - q1);
	return out;
}

static double
mean(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

/* Sum of the products of deviations of v[i] and v[i + lag] from m. */
static double
products(const double *v, size_t n, size_t lag, double m)
{
	double sum = 0;

	for (size_t i = lag; i < n; i++)
		sum += (v[i] - m) * (v[i - lag] - m);
	return sum;
}

double
stats_autocorrelation(const double *v, size_t n)
{
	double m = mean(v, n), all = products(v, n, 0, m);

	return all > 0 ? products(v, n, 1, m) / all : 0;
}

/* Pulls in what lies far out.  The fraction that did not. */
static double
clamp(double *v, size_t n)
{
	double *scratch = ke_calloc(n, sizeof(*scratch)), median, far;
	size_t kept = 0;

	memcpy(scratch, v, n * sizeof(*v));
	median = stats_quantile(scratch, n, 0.5);
	for (size_t i = 0; i < n; i++)
		scratch[i] = fabs(v[i] - median);
	far = CLAMP * MAD * stats_quantile(scratch, n, 0.5);
	free(scratch);
	/* more than half of them equal: of the rest nothing is known */
	if (!(far > 0))
		return 1;
	for (size_t i = 0; i < n; i++) {
		kept += fabs(v[i] - median) <= far;
		v[i] = fmin(fmax(v[i], median - far), median + far);
	}
	return (double)kept / (double)n;
}

/* How much larger the variance of a mean of b blocks is than if they were
 * independent.  What is seen of r is too small by about (1 + 3 r) / b
 * (Kendall 1954). */
static double
inflation(const double *block, double b)
{
	double r = stats_autocorrelation(block, (size_t)b);

	r += (1 + 3 * fmax(r, 0)) / b;
	r = (b * r + R_WEIGHT * R_PRIOR) / (b + R_WEIGHT);
	r = fmin(fmax(r, 0), R_MAX);
	return fmin((1 + r) / (1 - r), fmax(b / 3, 1));
}

/* The means of blocks, after clamp(); the caller frees. */
static double *
block_means(const double *log, const size_t *end, size_t blocks, double *kept)
{
	size_t n = end[blocks - 1], from = 0;
	double *v = ke_calloc(n, sizeof(*v));

	memcpy(v, log, n * sizeof(*v));
	*kept = clamp(v, n);
	for (size_t i = 0; i < blocks; i++) {
		v[i] = mean(v + from, end[i] - from);
		from = end[i];
	}
	return v;
}

/* The ends of whole blocks; the caller frees. */
static size_t *
even_blocks(size_t blocks, size_t block)
{
	size_t *end = ke_calloc(blocks, sizeof(*end));

	for (size_t i = 0; i < blocks; i++)
		end[i] = (i + 1) * block;
	return end;
}

struct estimate
stats_blocks(const double *log, const size_t *end, size_t blocks)
{
	double b = (double)blocks, kept, f;
	double *v = block_means(log, end, blocks, &kept);
	struct estimate e = {.mean = mean(v, blocks)};

	f = inflation(v, b);
	/* the sample's mean takes f of the b pieces of the variance */
	e.error = sqrt(products(v, blocks, 0, e.mean) / (b - f) / b * f) /
	    kept;
	e.df = fmax((b * kept - 1) / sqrt(f), 2);
	free(v);
	return e;
}

struct estimate
stats_mean(const double *log, size_t n, size_t block)
{
	size_t *end = even_blocks(n / block, block);
	struct estimate e = stats_blocks(log, end, n / block);

	free(end);
	return e;
}

struct estimate
stats_join(const struct estimate *e, const double *weight, size_t n)
{
	struct estimate all = {0};
	double weights = 0, variance = 0, below = 0;

	for (size_t i = 0; i < n; i++)
		weights += weight[i];
	for (size_t i = 0; i < n; i++) {
		double w = weight[i] / weights, part = w * e[i].error;

		all.mean += w * e[i].mean;
		variance += part * part;
		if (part > 0)
			below += part * part * part * part / e[i].df;
	}
	all.error = sqrt(variance);
	all.df = !isfinite(variance) ? 1 : below > 0
	    ? variance * variance / below : INFINITY;
	return all;
}

/* 97.5 % of Student's t, by Cornish and Fisher's expansion in 1 / df: within
 * 1 % from df = 2.5. */
static double
student(double df)
{
	double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;

	return z + (z3 + z) / (4 * df) +
	    (5 * z5 + 16 * z3 + 3 * z) / (96 * df * df) +
	    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * df * df * df);
}

double
stats_half(const struct estimate *e)
{
	return e->error > 0 ? student(e->df) * e->error : 0;
}

struct interval
stats_ratio(const struct estimate *e)
{
	double half = stats_half(e);

	return (struct interval){exp(e->mean), exp(e->mean - half),
	    exp(e->mean + half)};
}

double
stats_noise(const struct estimate *e)
{
	return expm1(fabs(e->mean) + stats_half(e));
}

double
stats_needed(const double *log, size_t n, size_t block, double half)
{
	size_t blocks = n / block, *end = even_blocks(blocks, block);
	double kept, *v = block_means(log, end, blocks, &kept);
	double spread = sqrt(products(v, blocks, 0, mean(v, blocks)) /
	    ((double)blocks - 1)) / kept;
	double need = WIDTH * spread / half;

	free(end);
	free(v);
	return (double)block * ceil(need * need);
}
