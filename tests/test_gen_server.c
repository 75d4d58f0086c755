/* Where requests go, and what keys become. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-gen/secret.h"
#include "../tools/ke-gen/server.h"

static void
urls(void **state)
{
	static const struct {
		const struct protocol *protocol;
		const char *base, *url;
	} rows[] = {
		{&protocol_anthropic, NULL,
		    "https://api.anthropic.com/v1/messages"},
		{&protocol_openai, NULL,
		    "https://api.openai.com/v1/chat/completions"},
		{&protocol_openai, "http://localhost:8000/v1/",
		    "http://localhost:8000/v1/chat/completions"},
		{&protocol_openai, "https://x.example/a/b?api-version=1",
		    "https://x.example/a/b/chat/completions?api-version=1"},
		{&protocol_responses, "https://x.example",
		    "https://x.example/responses"},
		{&protocol_gemini, NULL,
		    "https://generativelanguage.googleapis.com/v1beta/models/"
		    "m:streamGenerateContent?alt=sse"},
		{&protocol_gemini, "https://x.example/p?key=k",
		    "https://x.example/p/v1beta/models/"
		    "m:streamGenerateContent?key=k&alt=sse"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct server_options o = {.url = rows[i].base, .key = ""};
		struct question q = {.model = "m", .stream = true,
		    .temperature = NAN};
		struct server s;
		struct ke_err e;
		char *url;

		if (server_open(&s, rows[i].protocol, &o, &e) == -1)
			fail_msg("%s", e.msg);
		url = server_url(&s, &q);
		assert_string_equal(url, rows[i].url);
		free(url);
	}
}

static bool
sends(const struct server *s, const char *line)
{
	for (const struct curl_slist *h = s->headers; h != NULL; h = h->next)
		if (strcmp(h->data, line) == 0)
			return true;
	return false;
}

/* Keys go into headers, and out of the environment. */
static void
keys(void **state)
{
	static char own[] = "X-Own: a $TEST_OWN b ${TEST_OWN}";
	char *headers[] = {own};
	struct server_options o = {.key = "TEST_KEY", .headers = headers,
	    .n_headers = 1};
	struct server s;
	struct ke_err e;

	(void)state;
	setenv("TEST_KEY", "the-key-itself", 1);
	setenv("TEST_OWN", "another-secret", 1);
	assert_int_equal(server_open(&s, &protocol_openai, &o, &e), 0);
	assert_string_equal(s.no_key.msg, "");
	assert_true(sends(&s, "Authorization: Bearer the-key-itself"));
	assert_true(sends(&s, "X-Own: a another-secret b another-secret"));
	assert_null(getenv("TEST_KEY"));
	assert_null(getenv("TEST_OWN"));
	ke_fail(&e, "bad key the-key-itself, another-secret");
	secret_hide(e.msg);
	assert_string_equal(e.msg, "bad key **************, **************");
}

static void
no_keys(void **state)
{
	static const struct {
		const char *header, *why;
	} rows[] = {
		{"X: $TEST_NONE", "no TEST_NONE in the environment"},
		{"X: $TEST_EMPTY", "no TEST_EMPTY in the environment"},
		{"X: $TEST_LINES", "TEST_LINES: a control character"},
		{"X: $", "no name behind $"},
		{"X: ${TEST_NONE", "no name behind $"},
	};

	(void)state;
	setenv("TEST_EMPTY", "", 1);
	setenv("TEST_LINES", "a\r\nY: b", 1);
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		char *header = ke_strdup(rows[i].header);
		struct server_options o = {.key = "", .headers = &header,
		    .n_headers = 1};
		struct server s;
		struct ke_err e;

		assert_int_equal(server_open(&s, &protocol_openai, &o, &e), 0);
		if (strstr(s.no_key.msg, rows[i].why) == NULL)
			fail_msg("%s: %s", header, s.no_key.msg);
		free(header);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(keys),
		cmocka_unit_test(no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
