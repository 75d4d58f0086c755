/* ke-eval -C: whose an earlier result is, and what became of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/ke-eval/compare.h"
#include "../tools/ke-eval/earlier.h"

static cJSON *
json(const char *text)
{
	struct ke_err e;
	cJSON *v = ke_json_parse(text, strlen(text), &e);

	if (v == NULL)
		fail_msg("%s: %s", text, e.msg);
	return v;
}

/* A record that passed in full effort; speedup and time with intervals of
 * about 1 %, and the environment. */
static cJSON *
result(double speedup, double us, const char *env)
{
	struct ke_buf b = {0};
	cJSON *v;

	ke_buf_fmt(&b, "{\"source\":\"s\",\"eval\":{\"status\":\"pass\","
	    "\"effort\":\"full\",\"workers\":2,\"speedup\":{\"mid\":%g,"
	    "\"lo\":%g,\"hi\":%g},\"baseline\":{\"id\":\"b1\"},"
	    "\"compile\":{\"flags\":[\"-O3\"]},\"flags\":[],\"cases\":["
	    "{\"set\":\"check\",\"dims\":{\"N\":3},\"status\":\"pass\"},"
	    "{\"set\":\"small\",\"dims\":{\"N\":64},\"status\":\"pass\","
	    "\"weight\":1,\"t_us\":%g,\"t_lo_us\":%g,\"t_hi_us\":%g,"
	    "\"baseline_us\":%g,\"pairs\":100}],\"env\":%s}}", speedup,
	    speedup * 0.99, speedup * 1.01, us, us * 0.98, us * 1.02,
	    us * speedup, env);
	v = json(b.s);
	ke_buf_free(&b);
	return v;
}

#define HERE "{\"cpu\":\"a\",\"cores\":2,\"compiler\":\"cc 1\"," \
	"\"kernel\":\"6\",\"tool\":\"1\",\"probe_us\":43.3}"
#define NEW_CC "{\"cpu\":\"a\",\"cores\":2,\"compiler\":\"cc 2\"," \
	"\"kernel\":\"6\",\"tool\":\"1\",\"probe_us\":43.4}"
#define NEW_CC_SLOW "{\"cpu\":\"a\",\"cores\":2,\"compiler\":\"cc 2\"," \
	"\"kernel\":\"6\",\"tool\":\"1\",\"probe_us\":60}"
#define THERE "{\"cpu\":\"b\",\"cores\":2,\"compiler\":\"cc 1\"," \
	"\"kernel\":\"6\",\"tool\":\"1\",\"probe_us\":30}"

/* The old result has speedup 2 and takes 100 us. */
static void
what_decides(void **state)
{
	static const struct {
		double speedup, us;
		const char *env, *by, *differs;
		enum compare_change want;
	} rows[] = {
		/* nothing else is known to have changed: the baseline tells */
		{2, 100, HERE, "speedup", "", COMPARE_SAME},
		{2.02, 99, HERE, "speedup", "", COMPARE_SAME},
		{1.6, 125, HERE, "speedup", "", COMPARE_REGRESSION},
		{2, 130, HERE, "speedup", "", COMPARE_SAME},
		{1.6, 100, HERE, "speedup", "", COMPARE_REGRESSION},
		{2.5, 80, HERE, "speedup", "", COMPARE_IMPROVEMENT},
		/* within the drift between runs, beyond both intervals */
		{1.94, 103, HERE, "speedup", "", COMPARE_SAME},
		/* a new compiler: the candidate's own time */
		{1.6, 100, NEW_CC, "time", "compiler", COMPARE_SAME},
		{2, 125, NEW_CC, "time", "compiler", COMPARE_REGRESSION},
		{2, 80, NEW_CC, "time", "compiler", COMPARE_IMPROVEMENT},
		/* ... unless the clock is another */
		{2, 140, NEW_CC_SLOW, "speedup", "compiler probe_us",
		    COMPARE_SAME},
		{1.6, 140, NEW_CC_SLOW, "speedup", "compiler probe_us",
		    COMPARE_REGRESSION},
		/* another machine */
		{2, 50, THERE, "speedup", "cpu probe_us", COMPARE_SAME},
		{1.6, 50, THERE, "speedup", "cpu probe_us",
		    COMPARE_REGRESSION},
		{2.5, 200, THERE, "speedup", "cpu probe_us",
		    COMPARE_IMPROVEMENT},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		cJSON *old = result(2, 100, HERE);
		cJSON *rec = result(rows[i].speedup, rows[i].us, rows[i].env);
		enum compare_change got;
		cJSON *c = compare(old, rec, &got), *d;
		const char *by = ke_json_string(c, "decided_by");
		struct ke_buf b = {0};

		ke_buf_str(&b, "");
		cJSON_ArrayForEach(d, ke_json_array(c, "differs"))
			ke_buf_fmt(&b, "%s%s", b.n > 0 ? " " : "",
			    ke_json_string(d, "name"));
		if (got != rows[i].want || strcmp(by, rows[i].by) != 0 ||
		    strcmp(b.s, rows[i].differs) != 0)
			fail_msg("row %zu: %d by %s (%s): %s", i, (int)got, by,
			    b.s, ke_json_string(c, "why"));
		ke_buf_free(&b);
		cJSON_Delete(c);
		cJSON_Delete(rec);
		cJSON_Delete(old);
	}
}

static void
what_can_not_be_compared(void **state)
{
	static const struct {
		const char *member, *value, *why;
	} rows[] = {
		{"effort", "\"quick\"", "other effort"},
		{"workers", "1", "other number of workers"},
		{"cases", "[]", "other timed cases"},
		{"cases", "[{\"set\":\"small\",\"dims\":{\"N\":65}}]",
		    "other timed cases"},
		{"cases", "[{\"set\":\"small\",\"dims\":{\"N\":64},"
		    "\"outside\":true}]", "other timed cases"},
		{"speedup", "null", "one of them was not timed"},
		{"status", "\"noisy\"", "it is pass, was noisy"},
		{"status", "\"odd\"", "the earlier status is unknown"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		cJSON *old = result(2, 100, HERE), *rec = result(1, 100, HERE);
		enum compare_change got;
		cJSON *c;

		ke_json_set(ke_json_object(old, "eval"), rows[i].member,
		    json(rows[i].value));
		c = compare(old, rec, &got);
		if (got != COMPARE_INCOMPARABLE || strcmp(ke_json_string(c,
		    "why"), rows[i].why) != 0)
			fail_msg("row %zu: %d: %s", i, (int)got,
			    ke_json_string(c, "why"));
		cJSON_Delete(c);
		cJSON_Delete(rec);
		cJSON_Delete(old);
	}
}

static void
statuses(void **state)
{
	static const struct {
		const char *was, *is;
		enum compare_change want;
		bool doubtful;
	} rows[] = {
		{"pass", "compile_error", COMPARE_REGRESSION, false},
		{"pass", "wrong", COMPARE_REGRESSION, false},
		{"noisy", "wrong", COMPARE_REGRESSION, false},
		{"pass", "hung", COMPARE_REGRESSION, true},
		{"pass", "invalid", COMPARE_REGRESSION, true},
		{"pass", "noisy", COMPARE_INCOMPARABLE, true},
		{"pass", "throttled", COMPARE_INCOMPARABLE, true},
		{"wrong", "throttled", COMPARE_INCOMPARABLE, true},
		{"wrong", "pass", COMPARE_IMPROVEMENT, false},
		{"wrong", "fault", COMPARE_SAME, false},
		{"lost", "pass", COMPARE_INCOMPARABLE, false},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		cJSON *old = result(2, 100, HERE), *rec = result(2, 100, HERE);
		enum compare_change got;
		cJSON *c;

		ke_json_set_string(ke_json_object(old, "eval"), "status",
		    rows[i].was);
		ke_json_set_string(ke_json_object(rec, "eval"), "status",
		    rows[i].is);
		c = compare(old, rec, &got);
		if (got != rows[i].want ||
		    compare_is_doubtful(c, rec) != rows[i].doubtful)
			fail_msg("row %zu: %d: %s", i, (int)got,
			    ke_json_string(c, "why"));
		cJSON_Delete(c);
		cJSON_Delete(rec);
		cJSON_Delete(old);
	}
}

/* A loaded machine or a large noise floor makes small changes none. */
static void
noise(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		cJSON *old = result(2, 100, HERE);
		cJSON *rec = result(1.8, 111, HERE);
		enum compare_change got;
		cJSON *c;

		if (i == 1)
			ke_json_set(ke_json_object(old, "eval"), "flags",
			    json("[{\"code\":\"load\",\"detail\":\"d\"}]"));
		if (i == 2)
			ke_json_set_number(ke_json_object(rec, "eval"),
			    "noise", 0.2);
		c = compare(old, rec, &got);
		assert_int_equal(got, i == 0 ? COMPARE_REGRESSION
		    : COMPARE_SAME);
		assert_int_equal(compare_is_doubtful(c, rec), i == 0);
		cJSON_Delete(c);
		cJSON_Delete(rec);
		cJSON_Delete(old);
	}
}

/* Intervals of two runs join as independent ones; times likewise. */
static void
intervals(void **state)
{
	cJSON *old = result(2, 100, HERE), *rec = result(4, 50, HERE);
	enum compare_change got;
	cJSON *c = compare(old, rec, &got);
	const cJSON *s = ke_json_object(c, "speedup_ratio");
	const cJSON *t = ke_json_object(c, "time_ratio");
	/* quartiles 2 % off the median: 0.02966 standard deviations */
	double half = sqrt(2) * 1.96 * 1.2533 * log(1.02 / 0.98) / 1.349 / 10;

	(void)state;
	assert_true(fabs(ke_json_number(s, "mid", 0) - 2) < 1e-9);
	assert_true(fabs(log(ke_json_number(s, "lo", 0) / 2) + 0.01414) < 2e-4);
	assert_true(fabs(log(ke_json_number(s, "hi", 0) / 2) - 0.01414) < 2e-4);
	assert_true(fabs(ke_json_number(t, "mid", 0) - 0.5) < 1e-9);
	assert_true(fabs(log(ke_json_number(t, "hi", 0) / 0.5) - half) < 1e-6);
	assert_true(fabs(ke_json_number(c, "baseline_ratio", 0) - 1) < 1e-9);
	cJSON_Delete(c);
	cJSON_Delete(rec);
	cJSON_Delete(old);
}

static struct earlier
earlier_of(const char *text, int want, struct ke_err *e)
{
	static char path[64];
	struct earlier o;
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "/tmp/test_eval_compare.XXXXXX");
	fd = mkstemp(path);
	assert_int_not_equal(fd, -1);
	f = fdopen(fd, "w");
	fputs(text, f);
	fclose(f);
	assert_int_equal(earlier_read(&o, path, e), want);
	unlink(path);
	return o;
}

static void
a_bad_line_is_named(void **state)
{
	static const char *const bad[] = {
		"{\"v\":1}\n{\"v\":1,\"eval\":}\n", "{}\n[1]\n",
		"{}\n{\"eval\":7}\n",
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(bad); i++) {
		struct ke_err e;
		struct earlier o = earlier_of(bad[i], -1, &e);

		assert_non_null(strstr(e.msg, ":2: "));
		earlier_free(&o);
	}
}

#define A "{\"op\":\"toy\",\"eval\":{},"

/* Lines, and which of them is found. */
static void
whose_it_is(void **state)
{
	static const char text[] =
	    A "\"name\":\"a/k.c\",\"source\":\"old\"}\n"
	    A "\"name\":\"b/k.c\",\"source\":\"this\"}\n"
	    A "\"name\":\"c/k.c\",\"source\":\"old\"}\n"
	    A "\"name\":\"a/k.c\",\"source\":\"mid\"}\n"
	    A "\"source\":\"this\",\"choice\":{\"A\":2}}\n"
	    "{\"op\":\"other\",\"source\":\"this\",\"eval\":{}}\n"
	    A "\"dtype\":\"f64\",\"source\":\"this\"}\n"
	    "{\"op\":\"toy\",\"source\":\"this\",\"eval\":{\"cases\":"
	    "[{\"set\":\"check\"},{\"set\":\"production\"}]}}\n"
	    "{\"op\":\"toy\",\"source\":\"this\"}\n";
	static const struct {
		const char *rec, *dtype, *set;
		size_t line; /* 0: none */
		const char *by;
	} rows[] = {
		{"{\"source\":\"this\"}", "f32", "small", 2, "fingerprint"},
		{"{\"source\":\"this\",\"name\":\"a/k.c\"}", "f32", "small", 2,
		    "fingerprint"},
		{"{\"source\":\"new\",\"name\":\"a/k.c\"}", "f32", "small", 4,
		    "name"},
		{"{\"source\":\"new\",\"name\":\"/x/k.c\"}", "f32", "small", 4,
		    "name"},
		{"{\"source\":\"new\",\"name\":\"l.c\"}", "f32", "small", 0,
		    ""},
		{"{\"source\":\"this\",\"choice\":{\"A\":2}}", "f32", "small",
		    5, "fingerprint"},
		{"{\"source\":\"this\",\"choice\":{\"A\":3}}", "f32", "small",
		    0, ""},
		{"{\"source\":\"this\"}", "f64", "small", 7, "fingerprint"},
		{"{\"source\":\"this\"}", "f32", "production", 8,
		    "fingerprint"},
	};
	struct ke_err e;
	struct earlier o = earlier_of(text, 0, &e);
	cJSON *op_json = json("{\"dtypes\":{\"f32\":{},\"f64\":{}}}");
	struct ke_op op = {.name = "toy", .json = op_json};

	(void)state;
	assert_int_equal(o.n, 8);
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		cJSON *rec = json(rows[i].rec);
		const char *by = "";
		const struct earlier_result *r = earlier_find(&o, rec, &op,
		    rows[i].dtype, rows[i].set, &by);

		if ((r == NULL ? 0 : r->line) != rows[i].line ||
		    (r != NULL && strcmp(by, rows[i].by) != 0))
			fail_msg("row %zu: line %zu by %s", i,
			    r == NULL ? 0 : r->line, by);
		cJSON_Delete(rec);
	}
	earlier_free(&o);
	cJSON_Delete(op_json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_decides),
		cmocka_unit_test(what_can_not_be_compared),
		cmocka_unit_test(statuses),
		cmocka_unit_test(noise),
		cmocka_unit_test(intervals),
		cmocka_unit_test(a_bad_line_is_named),
		cmocka_unit_test(whose_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
