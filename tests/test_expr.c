/* Expressions: the value that C gives, or what is wrong and in which column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "expr.h"

#define LARGEST "9223372036854775807"
#define LEAST "(-9223372036854775807-1)"

enum { a = 7, b = 3, z = 0, N_1 = 11 };

static struct ke_scope
names(void)
{
	struct ke_scope s = {0};

	ke_scope_add(&s, "a", a);
	ke_scope_add(&s, "b", b);
	ke_scope_add(&s, "z", z);
	ke_scope_add(&s, "N_1", N_1);
	return s;
}

/* The text, and what the compiler makes of the same text, which may doubt that
 * we know its precedence. */
#pragma GCC diagnostic ignored "-Wparentheses"
#define C(text) {#text, text}

static void
values_of_c(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} rows[] = {
		C(0), C(9223372036854775807), C(a), C(N_1), C( a + b ),
		C(1 + 2 * 3), C((1 + 2) * 3), C(1 - 2 - 3), C(1 - (2 - 3)),
		C(100 / 7 / 2), C(100 / (7 / 2)), C(100 / 7 * 7),
		C(100 % 7 * 2), C(2 * 100 % 7), C(7 + 100 % 7), C(1 - -2),
		C(-a + b), C(-(a + b)), C(-a * -b), C(- - a), C(-2 * 3 - 4),
		C(!a), C(!z), C(!!a), C(!a + 1), C(!(a + 1)), C(-!z),
		C(a < b), C(a > b), C(a <= 7), C(a >= 8), C(a == 7),
		C(a != 7), C(3 < 2 < 1), C(3 > 2 > 1), C(1 == 1 == 2),
		C(1 + 1 < 3), C(1 < 2 == 1), C(1 == 1 < 2), C(2 != 1 > 0),
		C(a == 7 && b == 3), C(5 && 6), C(5 || 6),
		C(0 || 0), C(1 || 0 && 0), C((1 || 0) && 0), C(0 && 0 || 1),
		C(1 || 0 == 0), C(0 && 1 == 0), C(!0 && 1),
		C(1 ? 2 : 3), C(0 ? 2 : 3), C(1 ? 0 ? 4 : 5 : 6),
		C(0 ? 1 : 0 ? 2 : 3), C(1 ? 2 : 1 ? 3 : 4), C(a < b ? a : b),
		C(1 || 0 ? 5 : 6), C((1 ? 2 : 3) + 1), C(1 ? 2 : 3 + 1),
		C(a-b), C(a*b), C(a<b), C(1?2:3),
	};
	struct ke_scope s = names();

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e;
		int64_t v;

		if (ke_expr(rows[i].text, &s, &v, &e) == -1)
			fail_msg("%s", e.msg);
		if (v != rows[i].value)
			fail_msg("%s is %lld", rows[i].text, (long long)v);
	}
}

static void
values_of_our_own(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} rows[] = {
		{"cdiv(0,5)", 0}, {"cdiv(1,5)", 1}, {"cdiv(10,5)", 2},
		{"cdiv(11,5)", 3}, {"cdiv(" LARGEST ",2)", (int64_t)1 << 62},
		{"cdiv(" LARGEST "," LARGEST ")", 1},
		{"min(2,3)", 2}, {"min(3,2)", 2}, {"min(-1,1)", -1},
		{"max(2,3)", 3}, {"max(3,2)", 3}, {"max(-1,-2)", -1},
		{"min(2,2)+max(2,2)", 4},
		{"pow2(0)", 1}, {"pow2(1)", 1}, {"pow2(2)", 2}, {"pow2(3)", 4},
		{"pow2(64)", 64}, {"pow2(65)", 128}, {"pow2(-9)", 1},
		{"pow2(4611686018427387904)", (int64_t)1 << 62},
		{"min ( a , max(b, 9) )", 7}, {"cdiv(a ? a : b, b)*2", 6},
		{"\t1\n+\r2 ", 3}, {LEAST, INT64_MIN}, {"0/5", 0}, {"0%5", 0},
	};
	struct ke_scope s = names();

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e;
		int64_t v;

		if (ke_expr(rows[i].text, &s, &v, &e) == -1)
			fail_msg("%s", e.msg);
		if (v != rows[i].value)
			fail_msg("%s is %lld", rows[i].text, (long long)v);
	}
}

/* What isn't reached is not computed: none of these is an error. */
static void
not_reached(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} rows[] = {
		{"z != 0 && a / z > 1", 0}, {"z == 0 || a % z > 1", 1},
		{"z ? a / z : b", 3}, {"z == 0 ? b : cdiv(a, z)", 3},
		{"0 && (1 || 1/0)", 0}, {"0 && -1/1", 0},
		{"1 || " LARGEST " + 1", 1}, {"1 || " LARGEST " * 2", 1},
		{"1 || " LEAST " - 1", 1}, {"1 || -" LEAST, 1},
		{"1 || pow2(" LARGEST ")", 1},
		{"0 ? 1/0 : 0 ? 1/0 : 5", 5}, {"0 && (1 ? 1/0 : 1/0)", 0},
	};
	struct ke_scope s = names();

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e;
		int64_t v;

		if (ke_expr(rows[i].text, &s, &v, &e) == -1)
			fail_msg("%s", e.msg);
		if (v != rows[i].value)
			fail_msg("%s is %lld", rows[i].text, (long long)v);
	}
}

/* Errors of syntax and of names are found whether the place is reached or not,
 * those of values only when it is. */
static void
errors(void **state)
{
	static const struct {
		const char *text;
		int column;
		const char *why;
		int value;
	} rows[] = {
		{"", 1, "expected a value", 0},
		{"  ", 3, "expected a value", 0},
		{"1 +", 4, "expected a value", 0},
		{"1 + * 2", 5, "expected a value", 0},
		{"+1", 1, "expected a value", 0},
		{"()", 2, "expected a value", 0},
		{"!=1", 1, "expected a value", 0},
		{"1 2", 3, "expected an operator", 0},
		{"1)", 2, "expected an operator", 0},
		{"a = 1", 3, "expected an operator", 0},
		{"1 & 2", 3, "expected an operator", 0},
		{"1 | 2", 3, "expected an operator", 0},
		{"1 << 2", 4, "expected a value", 0},
		{"1, 2", 2, "expected an operator", 0},
		{"1 \xc3\x97 2", 3, "expected an operator", 0},
		{"(1", 3, "expected ')'", 0},
		{"(1 2)", 4, "expected ')'", 0},
		{"1 ? 2", 6, "expected ':'", 0},
		{"min(1)", 6, "expected ','", 0},
		{"min(1,2,3)", 8, "expected ')'", 0},
		{"pow2(1,2)", 7, "expected ')'", 0},
		{"cdiv 1", 6, "expected '('", 0},
		{"min", 4, "expected '('", 0},
		{"1.5", 1, "not a whole number", 0},
		{"0x10", 1, "not a whole number", 0},
		{"1 + 2N", 5, "not a whole number", 0},
		{"9223372036854775808", 1, "overflow", 0},
		{"99999999999999999999999", 1, "overflow", 0},
		{"1 + A", 5, "no such name: A", 0},
		{"abs(1)", 1, "no such name: abs", 0},
		{"0 && nobody", 6, "no such name: nobody", 0},
		{"1 ? 2 : N_", 9, "no such name: N_", 0},
		{LARGEST "+1", 20, "overflow", 1},
		{LEAST "-1", 25, "overflow", 1},
		{LARGEST " * 2", 21, "overflow", 1},
		{"2 * " LEAST, 3, "overflow", 1},
		{"-" LEAST, 1, "overflow", 1},
		{"1 + pow2(4611686018427387905)", 5, "overflow", 1},
		{"1 / 0", 3, "division by zero", 1},
		{"a % z", 3, "division by zero", 1},
		{"2 * cdiv(a, z)", 5, "division by zero", 1},
		{"-1 / 2", 4, "division of a negative number", 1},
		{"1 / -2", 3, "division of a negative number", 1},
		{"-1 % 2", 4, "division of a negative number", 1},
		{"1 % -2", 3, "division of a negative number", 1},
		{"cdiv(-1, 2)", 1, "division of a negative number", 1},
		{"cdiv(1, -2)", 1, "division of a negative number", 1},
		{"1 && 1/0", 7, "division by zero", 1},
		{"0 || 1/0", 7, "division by zero", 1},
		{"1 ? 1/0 : 1", 6, "division by zero", 1},
		{"1/0 + nobody", 2, "division by zero", 1},
	};
	struct ke_scope s = names();

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e = {""};
		char want[256];
		int64_t v;

		snprintf(want, sizeof(want), "%s: column %d: %s",
		    rows[i].text, rows[i].column, rows[i].why);
		if (ke_expr(rows[i].text, &s, &v, &e) != -1)
			fail_msg("%s is %lld", rows[i].text, (long long)v);
		assert_string_equal(e.msg, want);
		if (rows[i].value)
			continue;
		e.msg[0] = '\0';
		assert_int_equal(ke_expr_check(rows[i].text, &s, &e), -1);
		assert_string_equal(e.msg, want);
	}
}

static void
check_ignores_values(void **state)
{
	struct ke_scope s = names();
	struct ke_err e;

	(void)state;
	assert_int_equal(ke_expr_check("a / z + cdiv(1, 0)", &s, &e), 0);
	assert_int_equal(ke_expr_check(LARGEST " * " LARGEST, &s, &e), 0);
	assert_int_equal(ke_expr_check("z ? a : b / 0", &s, &e), 0);
	assert_int_equal(ke_expr_check("a / nobody", &s, &e), -1);
}

/* before, n times; then 1; then after, n times */
static int
nested(const char *before, const char *after, size_t n, int64_t *v)
{
	struct ke_buf t = {0};
	struct ke_scope s = {0};
	struct ke_err e;
	int status;

	for (size_t i = 0; i < n; i++)
		ke_buf_str(&t, before);
	ke_buf_str(&t, "1");
	for (size_t i = 0; i < n; i++)
		ke_buf_str(&t, after);
	status = ke_expr(t.s, &s, v, &e);
	ke_buf_free(&t);
	return status;
}

static void
depth(void **state)
{
	static const struct {
		const char *before, *after;
	} deep[] = {{"(", ")"}, {"-", ""}, {"!", ""}, {"min(1,", ")"},
	    {"1?", ":1"}, {"1?1:", ""}};
	int64_t v;

	(void)state;
	for (size_t i = 0; i < KE_LEN(deep); i++) {
		assert_int_equal(nested(deep[i].before, deep[i].after, 20,
		    &v), 0);
		assert_int_equal(v, 1);
		assert_int_equal(nested(deep[i].before, deep[i].after, 200,
		    &v), -1);
		assert_int_equal(nested(deep[i].before, deep[i].after, 1000000,
		    &v), -1);
	}
	/* long is not deep */
	assert_int_equal(nested("1+", "", 2047, &v), 0);
	assert_int_equal(v, 2048);
	assert_int_equal(nested("(1)*", "", 1000, &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(nested("1+", "", 2048, &v), -1);
}

static void
scope(void **state)
{
	struct ke_scope s = {0};

	(void)state;
	ke_scope_add(&s, "Cin", 3);
	ke_scope_add(&s, "C", 5);
	assert_int_equal(*ke_scope_find(&s, "Cin", 3), 3);
	assert_int_equal(*ke_scope_find(&s, "Cin", 1), 5);
	assert_null(ke_scope_find(&s, "Cin", 2));
	assert_null(ke_scope_find(&s, "c", 1));
}

static void
is_name(void **state)
{
	static const char *const yes[] = {"a", "_", "_1", "Cin", "KE", "mins",
	    "Int"};
	static const char *const no[] = {"", "1", "1a", "a b", " a", "a-b",
	    "a.b", "\xc3\xa4", "a\n", "int", "while", "restrict", "min", "max",
	    "cdiv", "pow2"};
	char longest[65] = "";

	(void)state;
	for (size_t i = 0; i < KE_LEN(yes); i++)
		if (!ke_is_name(yes[i]))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < KE_LEN(no); i++)
		if (ke_is_name(no[i]))
			fail_msg("%s", no[i]);
	memset(longest, 'a', 63);
	assert_true(ke_is_name(longest));
	longest[63] = 'a';
	assert_false(ke_is_name(longest));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_c),
		cmocka_unit_test(values_of_our_own),
		cmocka_unit_test(not_reached),
		cmocka_unit_test(errors),
		cmocka_unit_test(check_ignores_values),
		cmocka_unit_test(depth),
		cmocka_unit_test(scope),
		cmocka_unit_test(is_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
