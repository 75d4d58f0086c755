/* How ke-eval shows numbers, names and tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-eval/columns.h"
#include "../tools/ke-eval/quantity.h"
#include "../tools/ke-eval/table_parts.h"

static void
times(void **state)
{
	static const struct {
		double us;
		const char *want;
	} rows[] = {
		{0.0005, "0.500 ns"}, {0.25, "250.0 ns"}, {0.9999, "999.9 ns"},
		{0.99999, "1.000 us"}, {1, "1.000 us"}, {9.9996, "10.00 us"},
		{475.34, "475.3 us"}, {999.94, "999.9 us"},
		{999.96, "1.000 ms"}, {1742, "1.742 ms"}, {99996, "100.0 ms"},
		{1e6, "1.000 s"}, {12345678, "12.35 s"}, {1e10, "10000 s"},
	};
	char text[QUANTITY];

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		quantity_time(rows[i].us, text);
		assert_string_equal(text, rows[i].want);
	}
	quantity_spread(1742, 21.4, "+-", text);
	assert_string_equal(text, "1.742 +- 0.021 ms");
	quantity_spread(475.34, 1200, "\u00b1", text);
	assert_string_equal(text, "475.3 \u00b1 1200.0 us");
	quantity_range(980, 1510, text);
	assert_string_equal(text, "0.980 ... 1.510 ms");
}

static void
numbers(void **state)
{
	static const struct {
		double v;
		const char *number, *ratio;
	} rows[] = {
		{0, "0.00", "0.00"}, {0.0456, "0.05", "0.05"},
		{1.4666, "1.47", "1.47"}, {9.994, "9.99", "9.99"},
		{9.996, "10.0", "10.0"}, {100.6, "101", "101"},
		{99.96, "100", "100"}, {12345, "12345", "1.23e+04"},
		{2e6, "2e+06", "2e+06"}, {2e-4, "0.0002", "0.0002"},
	};
	char text[QUANTITY];

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		quantity_number(rows[i].v, text);
		assert_string_equal(text, rows[i].number);
		quantity_ratio(rows[i].v, text);
		assert_string_equal(text, rows[i].ratio);
	}
	quantity_half(2, 1.9, 2.02, text);
	assert_string_equal(text, "0.10");
	quantity_half(150, 149, 153, text);
	assert_string_equal(text, "3");
}

static void
names_are_cut(void **state)
{
	static const struct {
		const char *s;
		size_t width;
		const char *want;
	} rows[] = {
		{"", 4, ""}, {"abcd", 4, "abcd"}, {"abcde", 4, "a..e"},
		{"ops/conv1d/seed.c", 17, "ops/conv1d/seed.c"},
		{"ops/conv1d/seed.c", 12, "ops/c..eed.c"},
		{"\u00e4\u00f6\u00fc\u00df\u00e4\u00f6", 5,
		    "\u00e4..\u00e4\u00f6"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		char *got = columns_cut(rows[i].s, rows[i].width);

		assert_string_equal(got, rows[i].want);
		assert_true(columns_width(got) <= rows[i].width);
		free(got);
	}
	assert_int_equal(columns_width("\u00b1 \xff\xfe"), 4);
}

/* What columns_wrap prints. */
static void
wraps(const char *s, size_t indent, size_t width, const char *want)
{
	char *got = NULL;
	size_t n;
	FILE *f = open_memstream(&got, &n);

	columns_wrap(f, s, indent, width);
	fclose(f);
	assert_string_equal(got, want);
	free(got);
}

static void
lines_are_wrapped(void **state)
{
	(void)state;
	wraps("", 2, 10, "");
	wraps("one two  three", 2, 10, "  one two\n  three\n");
	wraps("one two", 0, 7, "one two\n");
	wraps("one two", 0, 6, "one\ntwo\n");
	wraps("a\nlongerthanthat b", 1, 6, " a\n longerthanthat\n b\n");
}

static const struct column three[] = {
	{"name", true, 0}, {"time", false, 0}, {"rate", false, 2},
	{"none", false, 1}, {"last", true, 3},
};

static void
prints(size_t width, const char *want)
{
	struct columns t = {.column = three, .n = KE_LEN(three)};
	struct columns_row *r = columns_row(&t);
	char *got = NULL;
	size_t n;
	FILE *f = open_memstream(&got, &n);

	r->cell[0] = ke_strdup("a name that is far too long for it");
	r->cell[1] = ke_strdup("1 us");
	r->cell[2] = ke_strdup("3.25");
	r->cell[4] = ke_strdup("[1, 2]");
	r->colour[2] = "\033[32m";
	r = columns_row(&t);
	r->cell[0] = ke_strdup("b");
	r->cell[1] = ke_strdup("12345 us");
	columns_print(f, &t, width);
	fclose(f);
	assert_string_equal(got, want);
	free(got);
}

static void
tables(void **state)
{
	(void)state;
	prints(COLUMNS_ANY,
	    "  name                                    time  rate  last\n"
	    "  a name that is far too long for it      1 us  "
	    "\033[32m3.25\033[0m  [1, 2]\n"
	    "  b                                   12345 us\n");
	/* the name first gives way, then the last columns, then the name */
	prints(55,
	    "  name                               time  rate  last\n"
	    "  a name that i..oo long for it      1 us  "
	    "\033[32m3.25\033[0m  [1, 2]\n"
	    "  b                              12345 us\n");
	prints(30,
	    "  name                    time\n"
	    "  a name t..g for it      1 us\n"
	    "  b                   12345 us\n");
}

static void
what_a_terminal_obeys(void **state)
{
	char s[] = "a\033[2Jb\tc\177\302\233d\n\303\244";

	(void)state;
	part_plain(s);
	assert_string_equal(s, "a?[2Jb c???d\n\303\244");
}

static void
faster_or_slower(void **state)
{
	static const struct {
		struct part_interval s;
		const char *change, *want;
	} rows[] = {
		{{2, 1.9, 2.1}, "", "2.00 times faster than b, 95 % within "
		    "[1.90, 2.10]"},
		{{0.5, 0.4, 0.8}, "", "2.00 times slower than b, 95 % within "
		    "[1.25, 2.50]"},
		{{1.01, 0.99, 1.02}, "", "as fast as b, within the noise: "
		    "1.01 times, 95 % within [0.99, 1.02]"},
		{{1.02, 1.01, 1.03}, "same", "as fast as b, within the noise: "
		    "1.02 times, 95 % within [1.01, 1.03]"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_buf b = {0};

		part_faster(&b, &rows[i].s, "b", rows[i].change);
		assert_string_equal(b.s, rows[i].want);
		ke_buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(numbers),
		cmocka_unit_test(names_are_cut),
		cmocka_unit_test(lines_are_wrapped),
		cmocka_unit_test(tables),
		cmocka_unit_test(what_a_terminal_obeys),
		cmocka_unit_test(faster_or_slower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
