/* Children: their input, their output, their end. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "spawn.h"

#define LARGE ((size_t)1 << 20) /* many times what a pipe holds */

static struct ke_child
run(const char *command, const char *input, size_t n, bool apart)
{
	char sh[] = "sh", c[] = "-c", *copy = ke_strdup(command);
	char *const argv[] = {sh, c, copy, NULL};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 10000,
	    .output_max = 2 * LARGE, .input = input, .input_n = n,
	    .stderr_apart = apart};
	struct ke_child child;
	struct ke_err e;

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(ke_run(&child, &s, &e), 0);
	free(copy);
	return child;
}

static void
test_no_input(void **state)
{
	struct ke_child c = run("cat; echo end", NULL, 0, false);

	(void)state;
	assert_string_equal(c.output.s, "end\n");
	assert_int_equal(c.status, 0);
	ke_buf_free(&c.output);
}

static void
test_empty_input(void **state)
{
	struct ke_child c = run("wc -c", "", 0, false);

	(void)state;
	assert_int_equal(strtol(c.output.s, NULL, 10), 0);
	ke_buf_free(&c.output);
}

/* A child that writes while we write would block both, were either end to
 * wait. */
static void
test_large_input(void **state)
{
	char *text = ke_calloc(1, LARGE);
	struct ke_child c;

	(void)state;
	for (size_t i = 0; i < LARGE; i++)
		text[i] = (char)('a' + i % 23);
	c = run("cat", text, LARGE, false);
	assert_int_equal(c.output.n, LARGE);
	assert_memory_equal(c.output.s, text, LARGE);
	ke_buf_free(&c.output);
	free(text);
}

static void
test_unread_input(void **state)
{
	char *text = ke_calloc(1, LARGE);
	struct ke_child c = run("exec <&-; sleep 0.1; echo end", text, LARGE,
	    false);

	(void)state;
	assert_string_equal(c.output.s, "end\n");
	ke_buf_free(&c.output);
	free(text);
}

static void
test_stderr(void **state)
{
	struct ke_child c = run("echo out; echo err >&2", NULL, 0, false);

	(void)state;
	assert_string_equal(c.output.s, "out\nerr\n");
	ke_buf_free(&c.output);
	c = run("echo out; echo >&2", NULL, 0, true);
	assert_string_equal(c.output.s, "out\n");
	ke_buf_free(&c.output);
}

static void
test_deadline(void **state)
{
	char sleep_[] = "sleep", n[] = "30";
	char *const argv[] = {sleep_, n, NULL};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 50};
	struct ke_child c;
	struct ke_err e;
	char words[64];

	(void)state;
	assert_int_equal(ke_run(&c, &s, &e), 0);
	assert_true(c.timed_out);
	ke_child_words(&c, words, sizeof(words));
	assert_string_equal(words, "killed at its deadline");
	ke_buf_free(&c.output);
}

static void
test_step_and_kill(void **state)
{
	char sleep_[] = "sleep", n[] = "30";
	char *const argv[] = {sleep_, n, NULL};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 20000};
	struct pollfd p[KE_CHILD_POLL];
	struct ke_child c;
	struct ke_err e;
	int timeout = -1;

	(void)state;
	assert_int_equal(ke_spawn(&c, &s, &e), 0);
	assert_false(ke_child_step(&c));
	ke_child_poll(&c, p, &timeout);
	assert_in_range(timeout, 1, 20000);
	ke_child_kill(&c);
	while (!ke_child_step(&c)) {
		ke_child_poll(&c, p, &timeout);
		poll(p, KE_CHILD_POLL, timeout);
	}
	assert_true(WIFSIGNALED(c.status));
	assert_false(c.timed_out);
	ke_buf_free(&c.output);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_input),
		cmocka_unit_test(test_empty_input),
		cmocka_unit_test(test_large_input),
		cmocka_unit_test(test_unread_input),
		cmocka_unit_test(test_stderr),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_step_and_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
