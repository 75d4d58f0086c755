/* The acceptance rule at the ends of a type: what may be infinite, and what
 * rounds to a denormal; the 2-norm of few errors and of many; what is wrong
 * rather than imprecise; and what the honest need. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../tools/ke-eval/accept.h"
#include "mem.h"

/* c and c2 small, so that hardly more than the type's own rounding is
 * excused. */
static const struct ke_tolerance strict = {.c = 1e-3, .c2 = 1e-3,
    .acc = KE_F32};

/* What is said of one element. */
static enum accepted
said(enum ke_dtype type, double got, double want, double scale)
{
	struct rule r = accept_rule(&strict, type, 1, DRAW_DECLARED, 1);
	struct compared c = {.worst = -1};
	struct sums sums = {0};
	union {
		uint16_t h;
		float f;
		double d;
	} y;

	if (type == KE_F16)
		y.h = ke_f16_of(got);
	else if (type == KE_BF16)
		y.h = ke_bf16_of(got);
	else if (type == KE_F32)
		y.f = (float)got;
	else
		y.d = got;
	accept_real(&r, type, &y, &want, &scale, 0, 1, &c, &sums);
	return accept_close(&r, &sums, &c);
}

/* Infinity is right where the reference rounds to it, or may with the error
 * that the rule excuses; with its sign. */
static void
infinite(void **state)
{
	static const struct {
		enum ke_dtype type;
		double got, want;
		enum accepted is;
	} rows[] = {
		{KE_F16, INFINITY, 65520, ACCEPT},
		{KE_F16, INFINITY, 1e6, ACCEPT},
		{KE_F16, -INFINITY, -1e6, ACCEPT},
		{KE_F16, -INFINITY, 1e6, WRONG},
		{KE_F16, INFINITY, -1e6, WRONG},
		/* as far below as a result's rounding may be wrong */
		{KE_F16, INFINITY, 65500, ACCEPT},
		{KE_F16, INFINITY, 65400, WRONG},
		{KE_F16, INFINITY, 1, WRONG},
		{KE_F16, 65504, 65520, ACCEPT},
		{KE_F16, 65504, INFINITY, WRONG},
		{KE_F16, INFINITY, INFINITY, ACCEPT},
		{KE_F16, -INFINITY, INFINITY, WRONG},
		{KE_F16, NAN, 1e6, WRONG},
		{KE_F16, NAN, NAN, ACCEPT},
		{KE_F16, INFINITY, NAN, WRONG},
		{KE_BF16, INFINITY, 1e6, WRONG},
		{KE_BF16, INFINITY, 0x1.ffp127, ACCEPT},
		{KE_BF16, INFINITY, 0x1p126, WRONG},
		{KE_F32, INFINITY, 1e39, ACCEPT},
		{KE_F32, INFINITY, 1e38, WRONG},
		{KE_F64, INFINITY, 1e308, WRONG},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++)
		if (said(rows[i].type, rows[i].got, rows[i].want,
		    fabs(rows[i].want)) != rows[i].is)
			fail_msg("%s: %g where %g is meant", ke_dtypes[
			    rows[i].type].name, rows[i].got, rows[i].want);
}

/* Among denormals a part of the result excuses nothing: the distance of two of
 * them does. */
static void
spacing(void **state)
{
	static const enum ke_dtype types[] = {KE_F16, KE_BF16, KE_F32};

	(void)state;
	for (size_t i = 0; i < KE_LEN(types); i++) {
		double s = ke_dtypes[types[i]].spacing;

		assert_int_equal(said(types[i], 0, 0.5 * s, 0), ACCEPT);
		assert_int_equal(said(types[i], s, 0.5 * s, 0), ACCEPT);
		assert_int_equal(said(types[i], 8 * s, 8.5 * s, 0), ACCEPT);
		assert_int_equal(said(types[i], 9 * s, 8.5 * s, 0), ACCEPT);
		assert_int_equal(said(types[i], 8 * s, 11 * s, 0), WRONG);
		assert_int_equal(said(types[i], 0, 3 * s, 0), WRONG);
	}
	/* where one type is exact another isn't */
	assert_int_equal(said(KE_F32, 0, 0x1p-24, 0), WRONG);
	assert_int_equal(said(KE_F16, 0, 0x1p-25, 0), ACCEPT);
}

/* What is said of n sums of 32 terms, each wrong by twice what c2 excuses of
 * many. */
static enum accepted
said_of_sums(int64_t n)
{
	static const struct ke_tolerance t = {.c = 8, .c2 = 0.5, .acc = KE_F32};
	struct rule r = accept_rule(&t, KE_F32, 32, DRAW_DECLARED, 1);
	struct compared c = {.worst = -1};
	struct sums sums = {0};
	float *y = ke_calloc((size_t)n, sizeof(*y));
	double *want = ke_calloc((size_t)n, sizeof(*want));
	double *scale = ke_calloc((size_t)n, sizeof(*scale));
	enum accepted a;

	for (int64_t i = 0; i < n; i++) {
		scale[i] = 32;
		want[i] = sqrt(32);
		y[i] = (float)(want[i] +
		    (i % 2 ? -1 : 1) * r.scale * sqrt(32) / 8);
	}
	accept_real(&r, KE_F32, y, want, scale, 0, n, &c, &sums);
	a = accept_close(&r, &sums, &c);
	free(y);
	free(want);
	free(scale);
	return a;
}

/* What chance makes of two errors it doesn't make of many. */
static void
few(void **state)
{
	(void)state;
	assert_int_equal(said_of_sums(1), ACCEPT);
	assert_int_equal(said_of_sums(2), ACCEPT);
	assert_int_equal(said_of_sums(1 << 10), IMPRECISE);
	assert_int_equal(said_of_sums(1 << 16), IMPRECISE);
}

/* What is said of five sums of 1021 terms, all but two of them small: these
 * two cancel, and each partial sum between them was rounded. */
static enum accepted
said_of_outliers(enum draw_kind kind, double error)
{
	static const struct ke_tolerance t = {.c = 8, .c2 = 0.5, .acc = KE_F32};
	struct rule r = accept_rule(&t, KE_F32, 1021, kind, 1);
	double want[5] = {-196, 30, 40, -20, 10};
	double scale[5] = {4100, 815, 815, 815, 815};
	float y[5] = {(float)(-196 + error), 30, 40, -20, 10};
	struct compared c = {.worst = -1};
	struct sums sums = {0};

	accept_real(&r, KE_F32, y, want, scale, 0, 5, &c, &sums);
	return accept_close(&r, &sums, &c);
}

static void
outliers(void **state)
{
	(void)state;
	assert_int_equal(said_of_outliers(DRAW_DECLARED, 1e-3), IMPRECISE);
	assert_int_equal(said_of_outliers(DRAW_OUTLIERS, 1e-3), ACCEPT);
	assert_int_equal(said_of_outliers(DRAW_OUTLIERS, 2e-2), IMPRECISE);
}

/* What is said of a thousand elements, the last of which isn't right. */
static enum accepted
said_of_one(double got, double wanted, double terms)
{
	enum { N = 1000 };
	struct rule r = accept_rule(&strict, KE_F32, 1, DRAW_DECLARED, 1);
	struct compared c = {.worst = -1};
	struct sums sums = {0};
	double want[N], scale[N];
	float y[N];

	for (int i = 0; i < N; i++) {
		y[i] = 10;
		want[i] = scale[i] = 10;
	}
	y[N - 1] = (float)got;
	want[N - 1] = wanted;
	scale[N - 1] = terms;
	accept_real(&r, KE_F32, y, want, scale, 0, N, &c, &sums);
	return accept_close(&r, &sums, &c);
}

/* An element of which nothing is right is wrong, however small it is beside the
 * others; where its terms cancel, they are what it is measured by. */
static void
far(void **state)
{
	(void)state;
	assert_int_equal(said_of_one(1, 1, 1), ACCEPT);
	assert_int_equal(said_of_one(1.004, 1, 1), IMPRECISE);
	assert_int_equal(said_of_one(0, 1, 1), WRONG);
	assert_int_equal(said_of_one(1e-23, -1.07, 1.07), WRONG);
	assert_int_equal(said_of_one(4e-3, 1e-5, 1), IMPRECISE);
	assert_int_equal(said_of_one(4e-3, 1e-5, 1e-5), WRONG);
	assert_int_equal(said_of_one(0, 0x1p-130, 0x1p-130), IMPRECISE);
}

/* What an honest result needs of the constants: nothing where the type can't
 * hold what it should be, everything where it can. */
static void
needs(void **state)
{
	static const struct ke_tolerance t = {.c = 8, .c2 = 2, .acc = KE_F32};
	double want[] = {1, 2, 7e4}, scale[] = {1, 2, 7e4};
	double got[] = {1 + 0x1p-10, 2, INFINITY};
	struct accept_needs n = accept_needs(&t, KE_F16, 16,
	    DRAW_DECLARED, got, want, scale,
	    3);

	(void)state;
	/* of 2^-10 rounding to f16 excuses half; 4 roundings of f32 the rest */
	assert_float_equal(n.c, 0x1p-11 / (4 * 0x1p-24), 1);
	assert_true(isfinite(n.c2));
	got[2] = -INFINITY;
	assert_true(isinf(accept_needs(&t, KE_F16, 16,
	    DRAW_DECLARED, got, want, scale, 3).c));
	got[2] = INFINITY;
	want[2] = scale[2] = 6e4;
	assert_true(isinf(accept_needs(&t, KE_F16, 16,
	    DRAW_DECLARED, got, want, scale, 3).c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(infinite),
	    cmocka_unit_test(spacing), cmocka_unit_test(few),
	    cmocka_unit_test(outliers),
	    cmocka_unit_test(far), cmocka_unit_test(needs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
