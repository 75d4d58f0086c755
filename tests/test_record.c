/* Records: statuses, the types of sections, the name of a candidate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"

/* By the formula of ke-record(5): the text, printed by printf(1), through
 * sha256sum(1). */
/* 'void k(void);\n\0{}' */
#define H1 "7f56cd640411a36229d5793cf15b6532"
/* 'void k(void);\n\0{"BM":4,"S":2}' */
#define H2 "bef56ce242b6e5dee3f788f0fbb0c704"
/* 'k\0{"A":1,"a":1}' */
#define H3 "c02bfb2f9cb7fd3f56818e4cb3cfc670"
/* '\0{}' */
#define H4 "28a3a18f6cd6406b086e9ffda1f9b8a1"

static cJSON *
json(const char *text)
{
	struct ke_err e;
	cJSON *v = ke_json_parse(text, strlen(text), &e);

	if (v == NULL)
		fail_msg("%s: %s", text, e.msg);
	return v;
}

/* The order and the words of ke-record(5), and whose result is never known. */
static void
statuses(void **state)
{
	static const struct {
		const char *name;
		bool passing;
	} rows[] = {
		{"plan_error", false}, {"compile_error", false},
		{"protocol", false}, {"fault", false}, {"hung", true},
		{"timeout", true}, {"wrong", false}, {"imprecise", false},
		{"nondeterministic", false}, {"invalid", true},
		{"throttled", true}, {"noisy", true}, {"lost", true},
		{"quarantined", true}, {"pass", false},
	};

	(void)state;
	assert_int_equal(KE_LEN(rows), KE_STATUS_COUNT);
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		assert_string_equal(ke_status_name((enum ke_status)i),
		    rows[i].name);
		assert_int_equal(ke_status_find(rows[i].name), i);
		assert_int_equal(ke_status_passing((enum ke_status)i),
		    rows[i].passing);
	}
	assert_int_equal(ke_status_find("Pass"), KE_STATUS_COUNT);
	assert_int_equal(ke_status_find(""), KE_STATUS_COUNT);
}

static void
checks(void **state)
{
	static const struct {
		const char *text, *why; /* NULL: fine */
	} rows[] = {
		{"{}", NULL},
		{"{\"v\":1,\"mark\":\"live\"}", NULL},
		{"{\"v\":1,\"run\":\"r\",\"xid\":\"x\",\"id\":\"i\",\"seq\":3,"
		    "\"pid\":\"p\",\"pids\":[\"q\"],\"op\":\"o\",\"target\":"
		    "\"cpu\",\"language\":\"c\",\"dtype\":\"f32\","
		    "\"select\":{},"
		    "\"context\":{},\"prompt\":{},\"gen\":{},\"source\":\"\","
		    "\"choice\":{},\"fingerprint\":\"0\",\"eval\":{},"
		    "\"profile\":{},\"error\":{}}", NULL},
		{"{\"unknown\":[1],\"Eval\":1,\"evaluation\":null}", NULL},
		{"[]", "not an object"},
		{"\"s\"", "not an object"},
		{"null", "not an object"},
		{"{\"v\":2}", "v: this tool knows version 1"},
		{"{\"v\":1.5}", "v: this tool knows version 1"},
		{"{\"v\":\"2\"}", "v: this tool knows version 1"},
		{"{\"v\":null}", "v: this tool knows version 1"},
		{"{\"run\":1}", "run: not a string"},
		{"{\"xid\":1}", "xid: not a string"},
		{"{\"id\":7}", "id: not a string"},
		{"{\"seq\":\"1\"}", "seq: not a number"},
		{"{\"pid\":[]}", "pid: not a string"},
		{"{\"pids\":\"a\"}", "pids: not an array"},
		{"{\"op\":null}", "op: not a string"},
		{"{\"target\":{}}", "target: not a string"},
		{"{\"language\":true}", "language: not a string"},
		{"{\"dtype\":32}", "dtype: not a string"},
		{"{\"select\":[]}", "select: not an object"},
		{"{\"context\":[]}", "context: not an object"},
		{"{\"prompt\":\"\"}", "prompt: not an object"},
		{"{\"gen\":0}", "gen: not an object"},
		{"{\"source\":[\"a\"]}", "source: not a string"},
		{"{\"choice\":[{}]}", "choice: not an object"},
		{"{\"fingerprint\":0}", "fingerprint: not a string"},
		{"{\"eval\":\"pass\"}", "eval: not an object"},
		{"{\"profile\":false}", "profile: not an object"},
		{"{\"error\":\"failed\"}", "error: not an object"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		cJSON *rec = json(rows[i].text);
		struct ke_err e = {""};
		int got = ke_record_check(rec, &e);

		assert_int_equal(got, rows[i].why == NULL ? 0 : -1);
		if (rows[i].why != NULL)
			assert_string_equal(e.msg, rows[i].why);
		cJSON_Delete(rec);
	}
}

static void
marks(void **state)
{
	cJSON *live = json("{\"mark\":\"live\"}"), *rec = json("{\"id\":\"1\","
	    "\"mark\":1}");

	(void)state;
	assert_true(ke_record_is_mark(live, "live"));
	assert_false(ke_record_is_mark(live, "run"));
	assert_false(ke_record_is_mark(rec, "live"));
	cJSON_Delete(live);
	cJSON_Delete(rec);
}

static void
errors(void **state)
{
	cJSON *rec = json("{\"id\":\"1\",\"error\":{\"tool\":\"a\"},\"z\":2}"),
	    *plain = json("{\"id\":\"1\"}"), *again;
	char *s, *long_;

	(void)state;
	assert_false(ke_record_failed(plain));
	assert_true(ke_record_failed(rec));
	ke_record_error(rec, "ke-gen", "http", "%d: %s", 500, "a\xff");
	s = ke_json_print(rec);
	assert_string_equal(s, "{\"id\":\"1\",\"error\":{\"tool\":\"ke-gen\","
	    "\"code\":\"http\",\"message\":\"500: a\xef\xbf\xbd\"},\"z\":2}");
	free(s);
	/* a message that is cut within a letter still is UTF-8 */
	long_ = ke_calloc(1, 4001);
	for (size_t i = 0; i < 2000; i++)
		memcpy(long_ + 2 * i, "\xc3\xa4", 2);
	ke_record_error(plain, "t", "c", "%s", long_);
	assert_true(ke_record_failed(plain));
	s = ke_json_print(plain);
	again = json(s);
	assert_true(ke_record_failed(again));
	cJSON_Delete(again);
	free(s);
	free(long_);
	cJSON_Delete(rec);
	cJSON_Delete(plain);
}

static void
fingerprints(void **state)
{
	static const struct {
		const char *source, *choice, *defaults, *hex;
	} rows[] = {
		{"void k(void);\n", NULL, NULL, H1},
		{"void k(void);\n", "{}", NULL, H1},
		{"void k(void);\n", "{\"BM\":4}", "{\"BM\":4}", H1},
		{"void k(void);\n", NULL, "{\"BM\":4}", H1},
		{"void k(void);\n", "{\"BM\":4,\"S\":2}", NULL, H2},
		{"void k(void);\n", "{\"S\":2,\"BM\":4}", NULL, H2},
		{"void k(void);\n", "{\"S\":2,\"BM\":4,\"T\":1}",
		    "{\"T\":1,\"S\":3}", H2},
		{"k", "{\"a\":1,\"A\":1}", "{\"b\":1}", H3},
		{"k", "{\"a\":1,\"A\":1,\"b\":1}", "{\"b\":1}", H3},
		{"", NULL, NULL, H4},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		cJSON *choice = rows[i].choice == NULL ? NULL
		    : json(rows[i].choice), *defaults =
		    rows[i].defaults == NULL ? NULL : json(rows[i].defaults);
		char got[KE_FINGERPRINT];

		ke_fingerprint(rows[i].source, choice, defaults, got);
		assert_string_equal(got, rows[i].hex);
		cJSON_Delete(choice);
		cJSON_Delete(defaults);
	}
}

static void
fingerprints_differ(void **state)
{
	static const struct {
		const char *source, *choice, *defaults;
	} rows[] = {
		{"a", NULL, NULL}, {"b", NULL, NULL}, {"a ", NULL, NULL},
		{"a{}", NULL, NULL}, {"a", "{\"A\":1}", NULL},
		{"a", "{\"A\":2}", NULL}, {"a", "{\"B\":1}", NULL},
		{"a", "{\"A\":3,\"B\":1}", "{\"A\":1,\"B\":2}"},
		{"a", "{\"A\":12}", NULL}, {"a", "{\"A\":1,\"B\":2}", NULL},
	};
	char seen[KE_LEN(rows)][KE_FINGERPRINT];

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		cJSON *choice = rows[i].choice == NULL ? NULL
		    : json(rows[i].choice), *defaults =
		    rows[i].defaults == NULL ? NULL : json(rows[i].defaults);

		ke_fingerprint(rows[i].source, choice, defaults, seen[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(seen[i], seen[k]) == 0)
				fail_msg("rows %zu and %zu", k, i);
		cJSON_Delete(choice);
		cJSON_Delete(defaults);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(checks),
		cmocka_unit_test(marks),
		cmocka_unit_test(errors),
		cmocka_unit_test(fingerprints),
		cmocka_unit_test(fingerprints_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
