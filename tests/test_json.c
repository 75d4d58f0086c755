/* JSON: what is taken, what is refused and where, what is printed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

#define TEXT(s) s, sizeof(s) - 1
#define FFFD "\xef\xbf\xbd"

/* Parses a copy that ends where the text ends, so that a sanitizer sees a look
 * behind it. */
static cJSON *
parse(const char *s, size_t n, struct ke_err *e)
{
	char *copy = ke_grow(NULL, n, 1);
	cJSON *v;

	memcpy(copy, s, n);
	v = ke_json_parse(copy, n, e);
	free(copy);
	return v;
}

static void
accepts(void **state)
{
	static const struct {
		const char *s;
		size_t n;
		const char *printed;
	} rows[] = {
		{TEXT("{}"), "{}"},
		{TEXT(" [1, 2 ]\r\n\t "), "[1,2]"},
		{TEXT("12"), "12"},
		{TEXT("-12"), "-12"},
		{TEXT("{\"b\":1,\"a\":2,\"B\":3}"),
		    "{\"b\":1,\"a\":2,\"B\":3}"},
		{TEXT("[4503599627370497]"), "[4503599627370497]"},
		{TEXT("[9007199254740991,-9007199254740992,1e15]"),
		    "[9007199254740991,-9007199254740992,1000000000000000]"},
		{TEXT("[1.2345678901234567e16]"), "[1.2345678901234568e+16]"},
		{TEXT("[0.30000000000000004,0.3,5e-324]"),
		    "[0.30000000000000004,0.3,4.94065645841247e-324]"},
		{TEXT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001f\\u007f\"]"),
		    "[\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\x7f\"]"},
		{TEXT("{\"a\":{\"a\":1},\"A\":[{\"a\":1},{\"a\":1}]}"),
		    "{\"a\":{\"a\":1},\"A\":[{\"a\":1},{\"a\":1}]}"},
		{TEXT("[true,false,null,{},[]]"), "[true,false,null,{},[]]"},
		{TEXT("[0.1234567890123456789]"), "[0.12345678901234568]"},
		{TEXT("[1.5e300,12345678901234567890e1]"),
		    "[1.5e+300,1.2345678901234568e+20]"},
		{TEXT("[\"12345678901234567890\"]"),
		    "[\"12345678901234567890\"]"},
		{TEXT("[\"\\\\\",98765]"), "[\"\\\\\",98765]"},
		{TEXT("[\"\\\\u0000\"]"), "[\"\\\\u0000\"]"},
		{TEXT("[\"\\u0001\\u00e4\\ud83d\\ude00\"]"),
		    "[\"\\u0001\xc3\xa4\xf0\x9f\x98\x80\"]"},
		/* the first and the last of each length in table 3-7 */
		{TEXT("[\"\xc2\x80\xdf\xbf\"]"), "[\"\xc2\x80\xdf\xbf\"]"},
		{TEXT("[\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"]"),
		    "[\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"]"},
		{TEXT("[\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]"),
		    "[\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e = {""};
		cJSON *v = parse(rows[i].s, rows[i].n, &e);
		char *s;

		if (v == NULL)
			fail_msg("%s: %s", rows[i].s, e.msg);
		s = ke_json_print(v);
		assert_string_equal(s, rows[i].printed);
		free(s);
		cJSON_Delete(v);
	}
}

static void
refuses(void **state)
{
	static const struct {
		const char *s;
		size_t n;
		const char *why;
	} rows[] = {
		{TEXT(""), "not JSON"},
		{TEXT("   "), "not JSON"},
		{TEXT("{"), "not JSON"},
		{TEXT("{\"a\":1,}"), "not JSON"},
		{TEXT("{a:1}"), "not JSON"},
		{TEXT("[1 2]"), "not JSON"},
		{TEXT("[NaN]"), "not JSON"},
		{TEXT("[Infinity]"), "not JSON"},
		{TEXT("[\"\\ud800\"]"), "not JSON"},
		{TEXT("[\"\\udc00\\ud800\"]"), "not JSON"},
		{TEXT("{} {}"), "column 4: text behind the value"},
		{TEXT("{}\n}"), "column 4: text behind the value"},
		{TEXT("{}\0"), "column 3: text behind the value"},
		{TEXT("1 1"), "column 3: text behind the value"},
		{TEXT("[\"a\0b\"]"), "column 4: a NUL byte"},
		{TEXT("[\0]"), "column 2: a NUL byte"},
		{TEXT("[\"\\u0000\"]"), "column 3: \\u0000"},
		{TEXT("{\"\\\\\\u0000\":1}"), "column 5: \\u0000"},
		{TEXT("[9007199254740993]"), "column 2: an integer beyond"},
		{TEXT("[-9007199254740993]"), "column 3: an integer beyond"},
		{TEXT("[1.5,10000000000000000]"),
		    "column 6: an integer beyond"},
		{TEXT("[1.5e3,12345678901234567890]"),
		    "column 8: an integer beyond"},
		{TEXT("9007199254740993"), "column 1: an integer beyond"},
		{TEXT("{\"a\":1,\"b\":2,\"a\":1}"), "column 1: the name a "},
		{TEXT(" [1,{\"a\":{\"\":1,\"b\":{},\"\":1}}]"),
		    "column 2: the name  stands twice in an object"},
		{TEXT("{\"a\":1,\"\\u0061\":1}"), "column 1: the name a "},
		{TEXT("[1e999]"), "column 2: a number beyond"},
		{TEXT("[-1e999]"), "column 3: a number beyond"},
		/* alone, cut short, overlong, a surrogate, beyond U+10FFFF */
		{TEXT("[\"\x80\"]"), "column 3: not UTF-8"},
		{TEXT("[\"a\xbf\"]"), "column 4: not UTF-8"},
		{TEXT("[\"\xc3\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xe2\x82\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xf0\x9f\x98\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xc0\x80\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xc1\xbf\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xe0\x9f\xbf\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xf0\x8f\xbf\xbf\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xed\xa0\x80\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xf4\x90\x80\x80\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xf5\x80\x80\x80\"]"), "column 3: not UTF-8"},
		{TEXT("[\"\xff\"]"), "column 3: not UTF-8"},
		{TEXT("{\"\xc3\":1}"), "column 3: not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e = {""};

		if (parse(rows[i].s, rows[i].n, &e) != NULL)
			fail_msg("row %zu: %s was taken", i, rows[i].s);
		if (strstr(e.msg, rows[i].why) == NULL)
			fail_msg("row %zu: %s", i, e.msg);
	}
}

static void
nesting(void **state)
{
	static char deep[400000];
	struct ke_err e;
	cJSON *v;

	(void)state;
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	v = parse(deep, 200, &e);
	assert_non_null(v);
	cJSON_Delete(v);
	memset(deep, '[', sizeof(deep) / 2);
	memset(deep + sizeof(deep) / 2, ']', sizeof(deep) / 2);
	assert_null(parse(deep, sizeof(deep), &e));
}

static void
prefix(void **state)
{
	const char text[] = " {\"a\": [1]} and \xff 12345678901234567890";
	struct ke_err e;
	size_t used;
	cJSON *v = ke_json_parse_prefix(TEXT(text), &used, &e);

	(void)state;
	assert_non_null(v);
	assert_int_equal(used, strlen(" {\"a\": [1]}"));
	cJSON_Delete(v);
	assert_null(ke_json_parse_prefix(TEXT("[1, \"\\u0000\"] "), &used, &e));
	assert_int_equal(used, strlen("[1, \""));
}

static void
members(void **state)
{
	struct ke_err e;
	cJSON *v = parse(TEXT("{\"a\":1,\"A\":\"s\",\"t\":true,\"o\":{},"
	    "\"l\":[],\"n\":null}"), &e);

	(void)state;
	assert_string_equal(ke_json_string(v, "A"), "s");
	assert_null(ke_json_string(v, "a"));
	assert_null(ke_json_get(v, "T"));
	assert_null(ke_json_object(v, "l"));
	assert_null(ke_json_array(v, "o"));
	assert_non_null(ke_json_object(v, "o"));
	assert_non_null(ke_json_array(v, "l"));
	assert_float_equal(ke_json_number(v, "a", 7), 1, 0);
	assert_float_equal(ke_json_number(v, "A", 7), 7, 0);
	assert_float_equal(ke_json_number(v, "n", 7), 7, 0);
	assert_true(ke_json_true(v, "t"));
	assert_false(ke_json_true(v, "a"));
	assert_null(ke_json_get(NULL, "a"));
	assert_null(ke_json_string(ke_json_object(v, "none"), "a"));
	cJSON_Delete(v);
}

static void
integers(void **state)
{
	static const struct {
		const char *text;
		bool whole;
		int64_t value;
	} rows[] = {
		{"0", true, 0},
		{"-7", true, -7},
		{"2e3", true, 2000},
		{"9007199254740992", true, 9007199254740992},
		{"-9007199254740992", true, -9007199254740992},
		{"1.8e16", false, 0},
		{"1e300", false, 0},
		{"0.5", false, 0},
		{"\"1\"", false, 0},
		{"true", false, 0},
		{"[1]", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e;
		cJSON *v = parse(rows[i].text, strlen(rows[i].text), &e);
		int64_t n = 0;

		assert_non_null(v);
		if (ke_json_integer(v, &n) != rows[i].whole ||
		    n != rows[i].value)
			fail_msg("%s: %lld", rows[i].text, (long long)n);
		cJSON_Delete(v);
	}
}

static void
expressions(void **state)
{
	struct ke_err e;
	cJSON *v = parse(TEXT("[\"N+1\",-9007199254740992,1.5,true]"), &e);
	char *s;

	(void)state;
	assert_string_equal(ke_json_expression(cJSON_GetArrayItem(v, 0)),
	    "N+1");
	assert_string_equal(ke_json_expression(cJSON_GetArrayItem(v, 1)),
	    "-9007199254740992");
	assert_null(ke_json_expression(cJSON_GetArrayItem(v, 2)));
	assert_null(ke_json_expression(cJSON_GetArrayItem(v, 3)));
	assert_null(ke_json_expression(NULL));
	s = ke_json_print(v);
	assert_string_equal(s, "[\"N+1\",\"-9007199254740992\",1.5,true]");
	free(s);
	cJSON_Delete(v);
}

static void
repairs(void **state)
{
	static const struct {
		const char *s;
		size_t n;
		const char *repaired;
	} rows[] = {
		{TEXT(""), ""},
		{TEXT("plain \xc3\xa4"), "plain \xc3\xa4"},
		{TEXT("a\0b"), "a" FFFD "b"},
		{TEXT("\xff"), FFFD},
		{TEXT("\xe2\x82"), FFFD FFFD},
		{TEXT("\xe2\x82z"), FFFD FFFD "z"},
		{TEXT("\xc0\xaf"), FFFD FFFD},
		{TEXT("\xed\xa0\x80"), FFFD FFFD FFFD},
		{TEXT("\xc3\xc3\xa4"), FFFD "\xc3\xa4"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		cJSON *o = cJSON_CreateObject(), *again;
		char *copy = ke_grow(NULL, rows[i].n, 1), *s;
		struct ke_err e;

		memcpy(copy, rows[i].s, rows[i].n);
		ke_json_set_text(o, "t", copy, rows[i].n);
		assert_string_equal(ke_json_string(o, "t"), rows[i].repaired);
		s = ke_json_print(o);
		again = parse(s, strlen(s), &e);
		assert_non_null(again);
		cJSON_Delete(again);
		cJSON_Delete(o);
		free(s);
		free(copy);
	}
}

static void
sets(void **state)
{
	struct ke_err e;
	cJSON *v = parse(TEXT("{\"a\":1,\"b\":2,\"c\":3}"), &e);
	char *s;

	(void)state;
	ke_json_set_string(v, "b", "x");
	ke_json_set_number(v, "A", 4);
	ke_json_set_number(v, "c", NAN);
	ke_json_set_number(v, "d", INFINITY);
	ke_json_add_number(v, "e", -INFINITY);
	ke_json_add_number(v, "f", 0.1);
	s = ke_json_print(v);
	assert_string_equal(s, "{\"a\":1,\"b\":\"x\",\"A\":4,\"f\":0.1}");
	free(s);
	cJSON_Delete(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(nesting),
		cmocka_unit_test(prefix),
		cmocka_unit_test(members),
		cmocka_unit_test(integers),
		cmocka_unit_test(expressions),
		cmocka_unit_test(repairs),
		cmocka_unit_test(sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
