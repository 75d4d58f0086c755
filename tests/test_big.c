/* What is refused or read in time that grows with its length: texts of about a
 * megabyte, in the forms that made something quadratic or deep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "plan.h"
#include "record.h"

#define BYTES 1000000
/* Of the processor: some 50 times what they take here, and a tenth of what
 * the square of 10^5 takes; the sanitizers slow both down. */
#define SECONDS 2.0

#define RUN "\"launches\":[{\"kernel\":\"k\",\"args\":[\"x\"]}]"
#define OP "{\"v\":1,\"name\":\"t\",\"dims\":[\"N\"],\"tensors\":[" \
	"{\"name\":\"x\",\"role\":\"in\",\"dtype\":\"T\",\"shape\":[\"N\"]," \
	"\"draw\":{\"dist\":\"normal\"}}],\"dtypes\":{\"f32\":{}},"
#define SMALL OP "\"cases\":{\"check\":[{\"N\":1}]}}"

static double started;

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int
start(void **state)
{
	(void)state;
	started = cpu();
	return 0;
}

static int
in_time(void **state)
{
	double took = cpu() - started;

	(void)state;
	if (took < SECONDS)
		return 0;
	print_error("%.1f s\n", took);
	return -1;
}

/* The piece, with its number for each #, until there is about a megabyte. */
static char *
repeat(const char *before, const char *piece, const char *after)
{
	struct ke_buf b = {0};

	ke_buf_str(&b, before);
	for (size_t i = 0; b.n < BYTES; i++)
		for (const char *c = piece; *c != '\0'; c++)
			if (*c == '#')
				ke_buf_fmt(&b, "%zu", i);
			else
				ke_buf_add(&b, c, 1);
	ke_buf_str(&b, after);
	return b.s;
}

static void
json(void **state)
{
	static const struct {
		const char *before, *piece, *after;
		bool taken;
	} rows[] = {
		{"{\"v\":1", ",\"a#\":#", "}", true},
		{"{\"v\":1", ",\"a\":1", "}", false},
		{"{\"choice\":{\"a\":1", ",\"b#\":#", "}}", true},
		{"{\"choice\":{\"a\":1", ",\"b#\":[[1],{}]", "}}", true},
		{"{\"source\":\"", "\\u00e4\\n", "\"}", true},
		{"{\"source\":\"", "\"\"", "\"}", false},
		{"{\"seq\":", "9", "}", false},
		{"{\"pids\":[0", ",0.1", "]}", true},
		{"{\"pids\":[{}", ",{\"a\":{\"a\":1}}", "]}", true},
		{"", "[", "", false},
		{"", "{\"a\":", "", false},
		{"", " ", "{}", true},
		{"{}", " ", "", true},
		{"{}", " ", "x", false},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		char *text = repeat(rows[i].before, rows[i].piece,
		    rows[i].after), *printed, name[KE_FINGERPRINT];
		struct ke_err e = {""};
		cJSON *v = ke_json_parse(text, strlen(text), &e);

		if ((v != NULL) != rows[i].taken)
			fail_msg("row %zu: %s", i, e.msg);
		if (v != NULL) {
			assert_int_equal(ke_record_check(v, &e), 0);
			ke_fingerprint("", ke_json_object(v, "choice"), NULL,
			    name);
			printed = ke_json_print(v);
			free(printed);
		}
		cJSON_Delete(v);
		free(text);
	}
}

static void
plans(void **state)
{
	static const struct {
		const char *before, *piece, *after;
		const char *why; /* NULL where it is taken */
	} rows[] = {
		{"/* ke-plan {\"tune\":{\"a\":[1", ",1", "]}," RUN "} */",
		    "tune.a: more than 4096 values"},
		{"/* ke-plan {\"tune\":{\"a\":[1]", ",\"a#\":[1]", "}," RUN
		    "} */", "tune: more than 24"},
		{"/* ke-plan {\"workspace\":{\"a\":{}", ",\"a#\":{}", "}," RUN
		    "} */", "workspace.a: needs"},
		{"/* ke-plan {\"choice\":[{}", ",{\"when\":\"N==#\"}", "]," RUN
		    "} */", NULL},
		{"/* ke-plan {\"require\":[1", ",\"N>#-99999999\"", "]," RUN
		    "} */", NULL},
		{"/* ke-plan {\"require\":[\"1", "+1", "\"]," RUN "} */",
		    "longer than 4096 bytes"},
		{"/* ke-plan {\"", "a", "\":1," RUN "} */", "unknown member"},
		{"/* ke-plan {\"constants\":[\"N\"", ",\"N\"", "]," RUN "} */",
		    NULL},
		{"/* ke-plan {\"launches\":[", "1,", "1]} */", "not an object"},
		{"", "ke-plan ", "", "no ke-plan comment"},
		{"", "/* ke-plan", "", "no ke-plan comment"},
		{"", "ke-plan  \n\n", "/* ke-plan {" RUN "} */", NULL},
		{"/* ke-plan {" RUN "} ", "ke-plan \n", "*/", NULL},
		{"/*", " ", "ke-plan {" RUN "} */", NULL},
	};
	struct ke_err e = {""};
	struct ke_op *op = ke_op_parse(SMALL, sizeof(SMALL) - 1, &e);

	(void)state;
	assert_non_null(op);
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		char *text = repeat(rows[i].before, rows[i].piece,
		    rows[i].after);
		struct ke_plan *p = ke_plan_parse(text, op, &e);
		struct ke_resolved r;

		if ((p != NULL) != (rows[i].why == NULL) ||
		    (p == NULL && strstr(e.msg, rows[i].why) == NULL))
			fail_msg("row %zu: %s", i, e.msg);
		if (p != NULL)
			ke_plan_resolve(p, op, &op->cases[0], NULL, &r, &e);
		ke_plan_free(p);
		free(text);
	}
	ke_op_free(op);
}

static void
operators(void **state)
{
	static const struct {
		const char *before, *piece, *after;
		const char *why;
	} rows[] = {
		{OP "\"cases\":{\"check\":[{\"N\":1}", ",{\"N\":#}", "]}}",
		    NULL},
		{OP "\"cases\":{\"check\":[{\"N\":1}]", ",\"a#\":[{\"N\":#}]",
		    "}}", NULL},
		{OP "\"derived\":{\"a\":1", ",\"a#\":1", "},\"cases\":{}}",
		    "derived: more than 24"},
		{OP "\"flops\":\"", "N*", "1\",\"cases\":{}}",
		    "longer than 4096 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		char *text = repeat(rows[i].before, rows[i].piece,
		    rows[i].after);
		struct ke_err e = {""};
		struct ke_op *op = ke_op_parse(text, strlen(text), &e);

		if ((op != NULL) != (rows[i].why == NULL) ||
		    (op == NULL && strstr(e.msg, rows[i].why) == NULL))
			fail_msg("row %zu: %s", i, e.msg);
		ke_op_free(op);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(json, start, in_time),
		cmocka_unit_test_setup_teardown(plans, start, in_time),
		cmocka_unit_test_setup_teardown(operators, start, in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
