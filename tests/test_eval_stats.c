/* ke-eval's statistics and its acceptance rule. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-eval/accept.h"
#include "../tools/ke-eval/random.h"
#include "../tools/ke-eval/stats.h"

static void
quantiles(void **state)
{
	static const struct {
		size_t n;
		double v[5], q, want;
	} rows[] = {
		{1, {3}, 0, 3}, {1, {3}, 0.5, 3}, {1, {3}, 1, 3},
		{2, {4, 2}, 0.5, 3}, {2, {4, 2}, 0, 2}, {2, {4, 2}, 1, 4},
		{3, {9, 1, 5}, 0.5, 5}, {3, {9, 1, 5}, 0.25, 3},
		{5, {5, 4, 3, 2, 1}, 0.75, 4},
		{5, {1, 1, 1, 1, 7}, 0.9, 4.6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		double v[5];

		memcpy(v, rows[i].v, sizeof(v));
		if (fabs(stats_quantile(v, rows[i].n, rows[i].q) -
		    rows[i].want) > 1e-12)
			fail_msg("row %zu", i);
	}
}

static double
normal(uint64_t key, uint64_t i)
{
	double u = 1 - random_unit(key, 2 * i);

	return sqrt(-2 * log(u)) *
	    cos(6.283185307179586 * random_unit(key, 2 * i + 1));
}

/* How the logarithms of a sample are distributed, with deviation about 1. */
enum kind { NORMAL, T3, INTERRUPTED };

static double
innovation(enum kind kind, uint64_t key, uint64_t i)
{
	double n = normal(key, 4 * i), chi2 = 0;

	switch (kind) {
	case NORMAL:
		return n;
	case T3:
		for (uint64_t k = 1; k < 4; k++)
			chi2 += pow(normal(key, 4 * i + k), 2);
		return n / sqrt(chi2);
	case INTERRUPTED: /* one in ten, ten times as far */
		return n * (random_unit(key ^ 1, i) < 0.1 ? 10 : 1);
	}
	return 0;
}

/* A series around the true mean in which each value remembers r of the last. */
static void
draw(double *log, size_t n, enum kind kind, double r, double truth,
    double sigma, uint64_t key)
{
	double x = innovation(kind, key, n) / sqrt(1 - r * r);

	for (size_t i = 0; i < n; i++) {
		x = r * x + innovation(kind, key, i);
		log[i] = truth + sigma * x;
	}
}

/* In per cent of so many samples, how many intervals hold the truth; *wide is
 * their mean half-width over that of a mean whose variance is known. */
static double
covered(size_t n, size_t block, enum kind kind, double r, int of, double *wide)
{
	double log[240], truth = -0.3, means = 0, half = 0;
	int hits = 0;

	for (int i = 0; i < of; i++) {
		struct estimate e;
		double sum = 0;

		draw(log, n, kind, r, truth, 0.02, 1000 + (uint64_t)i);
		for (size_t k = 0; k < n; k++)
			sum += log[k] - truth;
		means += pow(sum / (double)n, 2) / of;
		e = stats_mean(log, n, block);
		half += stats_half(&e) / of;
		hits += fabs(e.mean - truth) <= stats_half(&e);
	}
	*wide = half / (1.96 * sqrt(means));
	return 100.0 * hits / of;
}

/* 4000 samples: the standard error of 95 % is 0.34 %. */
static void
coverage(void **state)
{
	static const struct {
		size_t n, block;
		double wide; /* at most */
	} rows[] = {{16, 2, 1.8}, {24, 2, 1.55}, {48, 2, 1.35},
	    {240, 2, 1.15}, {8, 1, 1.9}};
	static const double r[] = {0, 0.3, 0.5};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t k = 0; k < 9; k++) {
			enum kind kind = (enum kind)(k / 3);
			double wide, hits;

			/* the noise floor's values lie far apart */
			if (rows[i].block == 1 && r[k % 3] > 0)
				continue;
			hits = covered(rows[i].n, rows[i].block, kind,
			    r[k % 3], 4000, &wide);
			if (hits < 95 || wide > rows[i].wide)
				fail_msg("n %zu kind %d r %g: %g %%, %g wide",
				    rows[i].n, (int)kind, r[k % 3], hits,
				    wide);
		}
}

/* What stays the same while processes and pages do: a sample of one part knows
 * nothing of it and holds the truth far too seldom, one of sixteen does. */
static void
parts_tell_what_stays(void **state)
{
	int hits[2] = {0, 0};

	(void)state;
	for (uint64_t i = 0; i < 4000; i++)
		for (size_t many = 0; many < 2; many++) {
			double log[96];
			size_t end[16], n = 0;
			struct estimate e;

			for (size_t p = 0; p < 16; p++) {
				/* a block of the sixth was dropped */
				size_t size = p == 5 ? 4 : 6;

				draw(log + n, size, NORMAL, 0.3, 0.005 *
				    normal(i, many ? p : 0), 0.01,
				    4000 + 16 * i + p);
				n += size;
				end[p] = n;
			}
			e = many ? stats_blocks(log, end, 16)
			    : stats_mean(log, n, 2);
			hits[many] += fabs(e.mean) <= stats_half(&e);
		}
	if (hits[0] > 2800 || hits[1] < 3800)
		fail_msg("%d and %d of 4000", hits[0], hits[1]);
}

/* The number of pairs from a pilot, then a fresh sample. */
static void
coverage_after_pilot(void **state)
{
	static const double sigma[] = {0.02, 0.06, 0.1};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		int hits = 0;

		for (uint64_t i = 0; i < 4000; i++) {
			double log[48], need;
			struct estimate e;

			draw(log, 6, NORMAL, 0.3, 0, sigma[k], 2 * i);
			need = stats_needed(log, 6, 2, 0.04);
			need = fmin(fmax(need, 16), 48);
			draw(log, (size_t)need, NORMAL, 0.3, 0, sigma[k],
			    2 * i + 1);
			e = stats_mean(log, (size_t)need, 2);
			hits += fabs(e.mean) <= stats_half(&e);
		}
		if (hits < 3784)
			fail_msg("sigma %g: %d of 4000", sigma[k], hits);
	}
}

/* Interruptions widen an interval by little: with a tenth of the values ten
 * times as far out the plain one would be 3.3 times as wide. */
static void
interruptions_are_pulled_in(void **state)
{
	double log[48], half[2] = {0, 0};

	(void)state;
	for (int kind = 0; kind < 2; kind++)
		for (uint64_t i = 0; i < 400; i++) {
			struct estimate e;

			draw(log, 48, kind == 0 ? NORMAL : INTERRUPTED, 0, 0,
			    0.02, i);
			e = stats_mean(log, 48, 2);
			half[kind] += stats_half(&e);
		}
	if (half[1] > 1.9 * half[0])
		fail_msg("%g times as wide", half[1] / half[0]);
	/* and move it by little */
	for (size_t i = 0; i < 48; i++)
		log[i] = i % 2 == 0 ? 0.01 : -0.01;
	log[5] = 5;
	assert_true(fabs(stats_mean(log, 48, 2).mean) < 0.003);
}

static void
pilot_says_how_many(void **state)
{
	double log[240];
	double few, many;

	(void)state;
	draw(log, 240, NORMAL, 0, 0, 0.05, 7);
	few = stats_needed(log, 240, 2, 0.02);
	many = stats_needed(log, 240, 2, 0.01);
	assert_true(fabs(many / few - 4) < 0.1);
	/* 2 (2.7 * 0.05 / sqrt(2) / 0.02)^2 */
	assert_true(few > 35 && few < 56);
}

static void
flat_samples(void **state)
{
	double log[16];
	struct estimate e;
	struct interval i;

	(void)state;
	for (size_t k = 0; k < 16; k++)
		log[k] = 0.7;
	e = stats_mean(log, 16, 2);
	i = stats_ratio(&e);
	assert_true(fabs(i.mid - exp(0.7)) < 1e-12 && i.lo <= i.mid &&
	    i.mid <= i.hi && i.hi - i.lo < 1e-9);
	assert_true(fabs(stats_noise(&e) - (exp(0.7) - 1)) < 1e-9);
	assert_true(stats_autocorrelation((double[]){1, 1, 1}, 3) == 0);
}

static void
cases_are_weighed(void **state)
{
	struct estimate e[2] = {{log(2), 0.03, 9}, {log(8), 0.03, 9}};
	const double weight[2] = {2, 1};
	struct estimate all = stats_join(e, weight, 2);

	(void)state;
	assert_true(fabs(all.mean - log(2 * 2 * 8) / 3) < 1e-12);
	assert_true(fabs(all.error - 0.03 * sqrt(5) / 3) < 1e-12);
	/* (4 + 1)^2 / (16 / 9 + 1 / 9) */
	assert_true(fabs(all.df - 25.0 * 9 / 17) < 1e-9);
	/* a case that counts 1 adds nothing to the error */
	e[1] = (struct estimate){0};
	all = stats_join(e, weight, 2);
	assert_true(fabs(all.error - 0.02) < 1e-12);
	assert_true(fabs(all.df - 9) < 1e-9);
	/* one of which nothing is known: nor is the whole */
	e[1].error = INFINITY;
	all = stats_join(e, weight, 2);
	assert_true(isinf(stats_half(&all)));
}

/* Student's t, from tables. */
static void
students_t(void **state)
{
	static const struct {
		double df, t;
	} rows[] = {{3, 3.182}, {4, 2.776}, {7, 2.365}, {11, 2.201},
	    {30, 2.042}, {INFINITY, 1.960}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct estimate e = {0, 1, rows[i].df};

		if (fabs(stats_half(&e) / rows[i].t - 1) > 0.01)
			fail_msg("df %g: %g", rows[i].df, stats_half(&e));
	}
}

static void
outliers(void **state)
{
	double v[] = {-9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 40};

	(void)state;
	/* quartiles 2.5 and 7.5: fences at -5 and 15 */
	assert_int_equal(stats_outliers(v, 11), 2);
	assert_int_equal(stats_outliers(v + 1, 9), 0);
}

static void
autocorrelation(void **state)
{
	double v[240];

	(void)state;
	for (size_t i = 0; i < 240; i++)
		v[i] = i % 2 == 0 ? 1 : -1;
	assert_true(stats_autocorrelation(v, 240) < -0.99);
	draw(v, 240, NORMAL, 0.5, 3, 1, 11);
	assert_true(fabs(stats_autocorrelation(v, 240) - 0.5) < 0.15);
}

static enum accepted
judge(const float *y, const double *ref, double scale, int64_t n,
    struct compared *c)
{
	struct ke_tolerance t = {.c = 8, .c2 = 2, .acc = KE_F32};
	struct rule r = accept_rule(&t, KE_F32, 4, DRAW_DECLARED, 1);
	struct sums sums = {0};
	static double s[16384];

	for (int64_t i = 0; i < n; i++)
		s[i] = scale;
	*c = (struct compared){.worst = -1};
	accept_real(&r, KE_F32, y, ref, s, 0, n, c, &sums);
	return accept_close(&r, &sums, c);
}

/* One element: bound u |ref| + 8 u sqrt(4) scale with u = 2^-24, norm
 * 2 u |ref| + 5 * 2 u sqrt(4) size. */
static void
one_element(void **state)
{
	static const struct {
		float y;
		double ref, scale;
		enum accepted want;
	} rows[] = {
		{1, 1, 1, ACCEPT},
		{1 + 3 * FLT_EPSILON, 1, 1, ACCEPT}, /* 6 u */
		{1 + 8 * FLT_EPSILON, 1, 1, ACCEPT}, /* 16 u */
		{1 + 9 * FLT_EPSILON, 1, 1, IMPRECISE}, /* 18 u: the bound */
		{1 + 20 * FLT_EPSILON, 1, 1, IMPRECISE}, /* and the norm */
		{1.019f, 1, 1, IMPRECISE}, {1.021f, 1, 1, WRONG},
		{-1, 1, 1, WRONG}, {0, 1, 1, WRONG},
		{NAN, 1, 1, WRONG}, {1, NAN, 1, WRONG}, {NAN, NAN, 1, ACCEPT},
		{INFINITY, INFINITY, 1, ACCEPT}, {-INFINITY, INFINITY, 1,
		    WRONG}, {INFINITY, 1, 1, WRONG}, {FLT_MAX, INFINITY, 1,
		    WRONG}, {INFINITY, NAN, 1, WRONG},
		{0, 0, 1, ACCEPT}, {-0.0f, 0, 1, ACCEPT},
		{9e-7f, 0, 1, ACCEPT}, /* of 16 u scale: 9.5e-7 */
		{1e-6f, 0, 1, WRONG}, {1e-30f, 0, 0, WRONG},
		/* terms that cancel: size is scale / sqrt(4), norm 6e-7 */
		{1.0005e-3f, 1e-3, 1, ACCEPT}, {1.0007e-3f, 1e-3, 1,
		    IMPRECISE}, {1.0001e-3f, 1e-3, 0.1, IMPRECISE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct compared c;
		enum accepted got = judge(&rows[i].y, &rows[i].ref,
		    rows[i].scale, 1, &c);

		if (got != rows[i].want)
			fail_msg("row %zu: %d; ratio %g rms %g", i, got,
			    c.ratio, c.rms);
	}
}

/* What one element of many may hide behind: wherever it lies, vectors or
 * rest, it is found and named. */
static void
one_of_many(void **state)
{
	static const float bad[] = {NAN, INFINITY, -INFINITY, 0, 1.1f};
	float y[100];
	double ref[100];

	(void)state;
	for (int64_t at = 0; at < 100; at++)
		for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++) {
			struct compared c;

			for (int64_t i = 0; i < 100; i++)
				ref[i] = y[i] = 1;
			y[at] = bad[k];
			assert_int_not_equal(judge(y, ref, 1, 100, &c),
			    ACCEPT);
			assert_int_equal(c.worst, at);
		}
}

/* Every element within its bound, all to the same side. */
static void
bias(void **state)
{
	static float y[16384];
	static double ref[16384];
	struct compared c;

	(void)state;
	for (int k = 0; k < 2; k++) {
		for (int64_t i = 0; i < 16384; i++) {
			double off = 0.4 * 17 * 0x1p-24;

			ref[i] = 0;
			y[i] = (float)(k == 0 && i % 2 ? -off : off);
		}
		assert_int_equal(judge(y, ref, 17.0 / 16, 16384, &c),
		    k == 0 ? ACCEPT : WRONG);
		assert_true(c.ratio < 1);
		assert_true(k == 0 ? c.bias < 1 : c.bias > 1);
	}
	/* of few elements nobody says so */
	assert_int_equal(judge(y, ref, 17.0 / 16, 1000, &c), ACCEPT);
}

static void
whole_numbers(void **state)
{
	int64_t big[2] = {((int64_t)1 << 53) + 1, -5};
	int64_t want[2] = {((int64_t)1 << 53) + 1, -5};
	uint8_t small[2] = {255, 0};
	int64_t bytes[2] = {255, 0};
	struct compared c = {.worst = -1};

	(void)state;
	accept_whole(KE_I64, big, want, 0, 2, &c);
	accept_whole(KE_U8, small, bytes, 0, 2, &c);
	assert_int_equal(c.mismatch, 0);
	want[0]--; /* the same as a double */
	accept_whole(KE_I64, big, want, 0, 2, &c);
	assert_int_equal(c.mismatch, 1);
	assert_int_equal(c.worst, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles),
		cmocka_unit_test(coverage),
		cmocka_unit_test(coverage_after_pilot),
		cmocka_unit_test(parts_tell_what_stays),
		cmocka_unit_test(interruptions_are_pulled_in),
		cmocka_unit_test(pilot_says_how_many),
		cmocka_unit_test(flat_samples),
		cmocka_unit_test(cases_are_weighed),
		cmocka_unit_test(students_t),
		cmocka_unit_test(outliers),
		cmocka_unit_test(autocorrelation),
		cmocka_unit_test(one_element),
		cmocka_unit_test(one_of_many),
		cmocka_unit_test(bias),
		cmocka_unit_test(whole_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
