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

/* A sample of ratios around the true one, lognormal noise. */
static void
draw(double *ratio, size_t n, double truth, double sigma, uint64_t key)
{
	for (size_t i = 0; i < n; i++)
		ratio[i] = truth * exp(sigma * normal(key, i));
}

/* How many of so many intervals hold the truth. */
static int
covered(size_t n, double truth, double sigma, int of)
{
	int hits = 0;
	double ratio[64];

	for (int i = 0; i < of; i++) {
		struct sample s = {.n = n, .ratio = ratio, .weight = 1};
		struct interval t;

		draw(ratio, n, truth, sigma, 1000 + (uint64_t)i);
		t = stats_speedup(&s, 1);
		assert_true(t.lo <= t.mid && t.mid <= t.hi);
		assert_true(fabs(t.mid - s.speedup.mid) < 1e-12);
		hits += t.lo <= truth && truth <= t.hi;
	}
	return hits;
}

static void
coverage(void **state)
{
	static const struct {
		size_t n;
		double truth, sigma;
	} rows[] = {
		{24, 1, 0.02}, {24, 1, 0.2}, {24, 3, 0.05}, {48, 0.5, 0.05},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int hits = covered(rows[i].n, rows[i].truth, rows[i].sigma,
		    300);

		if (hits < 270)
			fail_msg("n %zu truth %g: %d of 300", rows[i].n,
			    rows[i].truth, hits);
	}
}

/* An interval that is always wide holds everything. */
static void
intervals_narrow(void **state)
{
	double ratio[64], last = INFINITY;

	(void)state;
	for (size_t n = 8; n <= 64; n *= 2) {
		double width = 0;

		for (uint64_t i = 0; i < 40; i++) {
			struct sample s = {.n = n, .ratio = ratio,
			    .weight = 1};
			struct interval t;

			draw(ratio, n, 1, 0.05, i);
			t = stats_speedup(&s, 1);
			width += log(t.hi / t.lo) / 40;
		}
		assert_true(width < last);
		last = width;
	}
	/* 2 * 1.96 * 1.25 * 0.05 / sqrt(64) is 0.031 */
	if (last < 0.02 || last > 0.045)
		fail_msg("64 pairs: %g", last);
}

/* Few blocks: Student's t (8 pairs, 4 blocks) over the normal, 3.18 / 1.96, and
 * 4 / 3. */
static void
few_blocks_widen(void **state)
{
	double four[8] = {0.99, 0.99, 1, 1, 1, 1, 1.01, 1.01}, many[64];
	struct sample a = {.n = 8, .ratio = four, .weight = 1};
	struct sample b = {.n = 64, .ratio = many, .weight = 1};
	struct interval few, lot;

	(void)state;
	for (size_t i = 0; i < 64; i++)
		many[i] = four[i % 8];
	few = stats_speedup(&a, 1);
	lot = stats_speedup(&b, 1);
	assert_true(few.mid == 1 && lot.mid == 1);
	/* the percentiles are the extremes, 1 % */
	assert_true(fabs(log(few.hi) / 0.01 - 2.16) < 0.1);
	assert_true(lot.hi < few.hi && lot.lo > few.lo);
}

static void
cases_are_weighed(void **state)
{
	double two[8], eight[8];
	struct sample s[2] = {{.n = 8, .ratio = two, .weight = 2},
	    {.n = 8, .ratio = eight, .weight = 1}};
	struct interval t;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		two[i] = 2;
		eight[i] = 8;
	}
	t = stats_speedup(s, 2);
	assert_true(fabs(t.mid - pow(2 * 2 * 8, 1.0 / 3)) < 1e-12);
	assert_true(fabs(t.lo - t.mid) < 1e-12 && fabs(t.hi - t.mid) < 1e-12);
	assert_true(s[0].speedup.mid == 2);
	assert_true(fabs(s[1].speedup.mid - 8) < 1e-12);
}

static void
spread(void **state)
{
	double flat[8] = {2, 2, 2, 2, 2, 2, 2, 2}, r[8];

	(void)state;
	assert_true(fabs(stats_spread(flat, 8)) < 1e-7);
	/* the two orders of a block are one observation */
	for (size_t i = 0; i < 8; i++)
		r[i] = i % 2 == 0 ? 0.5 : 1.5;
	assert_true(fabs(stats_spread(r, 8)) < 1e-7);
	for (size_t i = 0; i < 8; i++)
		r[i] = i / 2 % 2 == 0 ? exp(-0.1) : exp(0.1);
	assert_true(fabs(stats_spread(r, 8) - 0.1) < 1e-9);
}

static enum accepted
judge(const float *y, const double *ref, double scale, int64_t n,
    struct compared *c)
{
	struct ke_tolerance t = {.c = 8, .c2 = 2, .acc = KE_F32};
	struct rule r = accept_rule(&t, KE_F32, 4, 1);
	struct sums sums = {0};
	static double s[16384];

	for (int64_t i = 0; i < n; i++)
		s[i] = scale;
	*c = (struct compared){.worst = -1};
	accept_real(&r, KE_F32, y, ref, s, 0, n, c, &sums);
	return accept_close(&r, &sums, c);
}

/* One element: bound u |ref| + 8 u sqrt(4) scale with u = 2^-24, norm
 * 2 u + 2 u sqrt(4). */
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
		{1 + 4 * FLT_EPSILON, 1, 1, IMPRECISE}, /* 8 u: the norm */
		{1 + 20 * FLT_EPSILON, 1, 1, IMPRECISE}, /* and the bound */
		{1.019f, 1, 1, IMPRECISE}, {1.021f, 1, 1, WRONG},
		{-1, 1, 1, WRONG}, {0, 1, 1, WRONG},
		{NAN, 1, 1, WRONG}, {1, NAN, 1, WRONG}, {NAN, NAN, 1, ACCEPT},
		{INFINITY, INFINITY, 1, ACCEPT}, {-INFINITY, INFINITY, 1,
		    WRONG}, {INFINITY, 1, 1, WRONG}, {FLT_MAX, INFINITY, 1,
		    WRONG}, {INFINITY, NAN, 1, WRONG},
		{0, 0, 1, ACCEPT}, {-0.0f, 0, 1, ACCEPT},
		{9e-7f, 0, 1, ACCEPT}, /* of 16 u scale: 9.5e-7 */
		{1e-6f, 0, 1, WRONG}, {1e-30f, 0, 0, WRONG},
		/* terms that cancel: size is scale / sqrt(4), norm 1.2e-7 */
		{1.0001e-3f, 1e-3, 1, ACCEPT}, {1.0002e-3f, 1e-3, 1,
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
		cmocka_unit_test(intervals_narrow),
		cmocka_unit_test(few_blocks_widen),
		cmocka_unit_test(cases_are_weighed),
		cmocka_unit_test(spread),
		cmocka_unit_test(one_element),
		cmocka_unit_test(one_of_many),
		cmocka_unit_test(bias),
		cmocka_unit_test(whole_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
