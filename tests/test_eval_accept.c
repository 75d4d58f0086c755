/* The acceptance rule at the ends of a type: what may be infinite, and what
 * rounds to a denormal. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../tools/ke-eval/accept.h"

/* c and c2 small, so that hardly more than the type's own rounding is
 * excused. */
static const struct ke_tolerance strict = {.c = 1e-3, .c2 = 1e-3,
    .acc = KE_F32};

/* What is said of one element. */
static enum accepted
said(enum ke_dtype type, double got, double want, double scale)
{
	struct rule r = accept_rule(&strict, type, 1, 1);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(infinite),
	    cmocka_unit_test(spacing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
