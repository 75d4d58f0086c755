/* Server-sent events: what each text gives, cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-gen/sse.h"

/* name=data; for each event */
static int
note(void *arg, const char *name, const char *data, size_t n,
    struct ke_err *e)
{
	struct ke_buf *log = arg;

	assert_int_equal(strlen(data), n);
	ke_buf_fmt(log, "%s=%s;", name, data);
	return strcmp(data, "bad") == 0 ? ke_fail(e, "bad") : 0;
}

static const struct {
	const char *text, *events;
} rows[] = {
	{"", ""},
	{"data: a\n\n", "=a;"},
	{"data:a\r\n\r\n", "=a;"},
	{"data: a\r\rdata: b\r\r", "=a;=b;"},
	{"data: a\n\ndata: cut", "=a;"},
	{"event: x\ndata: a\n\ndata: b\n\n", "x=a;=b;"},
	{"event: x\n\ndata: b\n\n", "=b;"},
	{"data: a\ndata:\ndata: c\n\n", "=a\n\nc;"},
	{"data\n\n", "=;"},
	{": a comment\n\n:\ndata: a\n:again\n\n", "=a;"},
	{"id: 7\nretry: 9\nother\ndata:  two blanks\n\n", "= two blanks;"},
	{"\xef\xbb\xbf" "data: a\n\n", "=a;"},
	{"data: \xc3\xa9\xf0\x9f\x98\x80\n\n",
	    "=\xc3\xa9\xf0\x9f\x98\x80;"},
	{"data: a\n\r\ndata: b\r\n\n", "=a;=b;"},
	{"datas: a\n data: b\n\n", ""},
};

/* The events of the text, in pieces of first bytes and then of at most
 * piece. */
static void
check(size_t row, size_t first, size_t piece)
{
	const char *text = rows[row].text;
	size_t n = strlen(text), at = 0, len = first;
	struct ke_buf log = {0};
	struct sse s = {0};
	struct ke_err e;

	ke_buf_str(&log, "");
	while (at < n) {
		len = len < n - at ? len : n - at;
		assert_int_equal(sse_feed(&s, text + at, len, note, &log, &e),
		    0);
		at += len;
		len = piece;
	}
	assert_string_equal(log.s, rows[row].events);
	ke_buf_free(&log);
	sse_free(&s);
}

static void
events(void **state)
{
	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++)
		for (size_t at = 0; at <= strlen(rows[i].text); at++) {
			check(i, at, SIZE_MAX);
			check(i, at, 1);
			check(i, at, 3);
		}
}

static void
ends(void **state)
{
	struct ke_buf log = {0};
	struct sse s = {0};
	struct ke_err e;
	char *much = ke_grow(NULL, 1 << 20, 1);
	int status = 0;
	size_t fed = 0;

	(void)state;
	assert_int_equal(sse_feed(&s, "data: bad\n\ndata: b\n\n", 20, note,
	    &log, &e), -1);
	assert_string_equal(log.s, "=bad;");
	sse_free(&s);
	s = (struct sse){0};
	memset(much, 'x', 1 << 20);
	for (; status == 0 && fed < 2 * SSE_EVENT_MAX; fed += 1 << 20)
		status = sse_feed(&s, much, 1 << 20, note, &log, &e);
	assert_int_equal(status, -1);
	assert_true(fed <= SSE_EVENT_MAX + (2 << 20));
	assert_non_null(strstr(e.msg, "an event of more than"));
	sse_free(&s);
	ke_buf_free(&log);
	free(much);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(events),
		cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
