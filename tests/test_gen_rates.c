/* What may be sent when and for how much: retries, limits, budgets, prices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "../tools/ke-gen/budget.h"
#include "../tools/ke-gen/limit.h"
#include "../tools/ke-gen/prices.h"
#include "../tools/ke-gen/retry.h"

static void
statuses(void **state)
{
	static const long again[] = {408, 409, 429, 500, 502, 503, 504, 529};
	static const long never[] = {200, 301, 400, 401, 402, 403, 404, 413,
	    422, 501};

	(void)state;
	for (size_t i = 0; i < KE_LEN(again); i++)
		assert_true(retry_status(again[i]));
	for (size_t i = 0; i < KE_LEN(never); i++)
		assert_false(retry_status(never[i]));
	assert_true(retry_kind("overloaded_error"));
	assert_true(retry_kind("UNAVAILABLE"));
	assert_false(retry_kind("invalid_request_error"));
	assert_false(retry_kind(NULL));
	assert_true(retry_never("insufficient_quota"));
	assert_false(retry_never(NULL));
	assert_true(retry_connection(CURLE_COULDNT_CONNECT));
	assert_true(retry_connection(CURLE_RECV_ERROR));
	assert_false(retry_connection(CURLE_PEER_FAILED_VERIFICATION));
	assert_false(retry_connection(CURLE_URL_MALFORMAT));
}

static void
waits(void **state)
{
	(void)state;
	assert_float_equal(retry_wait(1, 0, -1), 0, 1e-9);
	assert_float_equal(retry_wait(1, 0.5, -1), RETRY_FIRST / 2, 1e-9);
	assert_float_equal(retry_wait(4, 0.5, -1), RETRY_FIRST * 4, 1e-9);
	assert_float_equal(retry_wait(4000, 0.5, -1), RETRY_MOST / 2, 1e-9);
	/* never before the time that the server said */
	assert_float_equal(retry_wait(1, 0, 7), 7, 1e-9);
	assert_true(retry_wait(9, 0.999, 7) < 8);
	assert_float_equal(retry_wait(3, 0, 0), 0, 1e-9);
}

static void
limits(void **state)
{
	struct limit l = {10, 0}, none = {0, 0};

	(void)state;
	assert_float_equal(limit_wait(&l, 100), 0, 1e-9);
	limit_take(&l, 100, 1);
	assert_float_equal(limit_wait(&l, 100), 0.1, 1e-9);
	assert_float_equal(limit_wait(&l, 100.1), 0, 1e-9);
	/* time in which nothing was taken is no credit */
	limit_take(&l, 200, 5);
	assert_float_equal(limit_wait(&l, 200), 0.5, 1e-9);
	limit_correct(&l, -5);
	assert_float_equal(limit_wait(&l, 200), 0, 1e-9);
	limit_correct(&l, 20);
	assert_float_equal(limit_wait(&l, 200), 2, 1e-9);
	limit_take(&none, 100, 1e9);
	limit_correct(&none, 1e9);
	assert_float_equal(limit_wait(&none, 100), 0, 0);
}

static void
budgets(void **state)
{
	static const char *const bad[] = {"usd", "usd=", "usd=x", "usd=-1",
	    "tokens=1,eur=2", "x"};
	struct cost five = {5, 500}, one = {1, 100};
	struct budget b = BUDGET_NONE;
	struct ke_err e;

	(void)state;
	for (size_t i = 0; i < KE_LEN(bad); i++)
		assert_int_equal(budget_parse(&b, bad[i], &e), -1);
	b = (struct budget)BUDGET_NONE;
	assert_false(budget_bounds(&b));
	assert_int_equal(budget_hold(&b, five), MAY_NOW);
	b = (struct budget)BUDGET_NONE;
	assert_int_equal(budget_parse(&b, "usd=9,tokens=1000", &e), 0);
	assert_true(budget_bounds(&b));
	assert_int_equal(budget_hold(&b, five), MAY_NOW);
	/* two could take ten: the second waits for what the first takes */
	assert_int_equal(budget_hold(&b, five), MAY_LATER);
	budget_settle(&b, five, one);
	assert_int_equal(budget_hold(&b, five), MAY_NOW);
	budget_settle(&b, five, (struct cost){4.5, 1});
	assert_int_equal(budget_hold(&b, five), MAY_NEVER);
	assert_int_equal(budget_hold(&b, one), MAY_NOW);
	/* what is held in pieces that don't add up is no debt for ever */
	b = (struct budget)BUDGET_NONE;
	assert_int_equal(budget_parse(&b, "usd=0.3", &e), 0);
	assert_int_equal(budget_hold(&b, (struct cost){0.1, 0}), MAY_NOW);
	assert_int_equal(budget_hold(&b, (struct cost){0.15, 0}), MAY_NOW);
	budget_settle(&b, (struct cost){0.15, 0}, (struct cost){0, 0});
	budget_settle(&b, (struct cost){0.1, 0}, (struct cost){0, 0});
	assert_int_equal(budget_hold(&b, (struct cost){0.3, 0}), MAY_NOW);
}

static void
read_table(struct prices *p, const char *text, int want, const char *why)
{
	char path[] = "/tmp/ke-prices.XXXXXX";
	int fd = mkstemp(path);
	struct ke_err e;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	*p = (struct prices){0};
	assert_int_equal(prices_read(p, path, &e), want);
	unlink(path);
	if (want == -1)
		assert_non_null(strstr(e.msg, why));
}

static void
table(void **state)
{
	struct usage u = {.in = 1000000, .out = 10, .cached = 200000,
	    .cache_written = 100000, .reasoning = 5};
	struct prices p;
	struct ke_err e;

	(void)state;
	read_table(&p, "# model in out cached written\n"
	    "small-1 1 5 0.1 1.25\n\nsmall-* 2\t10 0.2 2.5 # all others\n"
	    "[ab]* 3 15 .3 3.75", 0, NULL);
	assert_int_equal(p.n, 3);
	assert_float_equal(prices_find(&p, "small-1")->in, 1, 0);
	assert_float_equal(prices_find(&p, "small-12")->in, 2, 0);
	assert_float_equal(prices_find(&p, "b")->cached, 0.3, 0);
	assert_null(prices_find(&p, "c"));
	assert_float_equal(price_of(&p.rows[0], &u),
	    0.7 + 10 * 5e-6 + 0.02 + 0.125, 1e-12);
	u = USAGE_NONE;
	assert_float_equal(price_of(&p.rows[0], &u), 0, 0);
	/* the worst: all of it written to a cache */
	assert_float_equal(price_bound(&p.rows[0], 1000000, 1000000), 6.25,
	    1e-12);
	read_table(&p, "a 1 2 3\n", -1, ":1: fewer than 5 fields");
	read_table(&p, "# x\na 1 2 3 4 5\n", -1, ":2: more than 5 fields");
	read_table(&p, "a 1 2 3 x\n", -1, ":1: ");
	read_table(&p, "a 1 2 3 -4\n", -1, ":1: ");
	assert_int_equal(prices_read(&p, "/nonexistent", &e), -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(waits),
		cmocka_unit_test(limits),
		cmocka_unit_test(budgets),
		cmocka_unit_test(table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
