/* Children: their input, their output, their end. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

/* Runs the command and compares how it ended, and what it wrote. */
static void
ends(const char *command, const char *words, const char *output)
{
	struct ke_child c = run(command, NULL, 0, false);
	char got[64];

	ke_child_words(&c, got, sizeof(got));
	assert_string_equal(got, words);
	assert_string_equal(c.output.s, output);
	assert_true(c.done);
	assert_false(c.timed_out);
	ke_buf_free(&c.output);
}

static void
test_ends(void **state)
{
	(void)state;
	ends("exit 0", "exit 0", "");
	ends("echo a; exit 255", "exit 255", "a\n");
	ends("echo a; kill -SEGV $$; echo b", "SIGSEGV", "a\n");
	ends("kill -KILL $$", "SIGKILL", "");
	ends("kill -USR1 $$", "a signal", "");
	/* the shell's child dies, not the shell */
	ends("sh -c 'kill -KILL $$' 2> /dev/null; exit 3", "exit 3", "");
}

/* Ours are blocked and ignored; a child starts without. */
static void
test_signals(void **state)
{
	sigset_t term, before;

	(void)state;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	ends("kill -TERM $$; echo alive", "SIGTERM", "");
	ends("kill -PIPE $$; echo alive", "SIGPIPE", "");
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* How it ended is lost then, and must not look like success. */
static void
test_reaped_by_others(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	ends("echo a; kill -SEGV $$", "exit 127", "a\n");
	signal(SIGCHLD, SIG_DFL);
}

/* Is the process dead, if not waited for, within 10 s? */
static bool
dies(long pid)
{
	for (int i = 0; i < 1000; i++) {
		char path[64], state = 'Z';
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
		f = fopen(path, "r");
		if (f != NULL && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 'Z';
		if (f != NULL)
			fclose(f);
		if (state == 'Z' || state == 'X')
			return true;
		usleep(10000);
	}
	return false;
}

/* A grandchild that holds the pipe neither delays us nor outlives its group. */
static void
test_grandchild(void **state)
{
	int64_t before = ke_now_ms();
	struct ke_child c = run("sleep 60 & echo $!", NULL, 0, false);

	(void)state;
	assert_int_equal(c.status, 0);
	assert_true(dies(strtol(c.output.s, NULL, 10)));
	ke_buf_free(&c.output);
	assert_true(ke_now_ms() - before < 20000);
}

static void
test_deadline_of_a_group(void **state)
{
	char sh[] = "sh", flag[] = "-c",
	    command[] = "trap '' TERM; (sleep 60; echo) & echo $!; wait";
	char *const argv[] = {sh, flag, command, NULL};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 500,
	    .output_max = 100};
	int64_t before = ke_now_ms();
	struct ke_child c;
	struct ke_err e;

	(void)state;
	assert_int_equal(ke_run(&c, &s, &e), 0);
	assert_true(c.timed_out);
	assert_int_equal(WTERMSIG(c.status), SIGKILL);
	assert_in_range(ke_now_ms() - before, 500, 20000);
	assert_true(dies(strtol(c.output.s, NULL, 10)));
	ke_buf_free(&c.output);
}

static void
test_output_max(void **state)
{
	static const struct {
		size_t max;
		const char *kept;
		bool cut;
	} rows[] = {{5, "12345", true}, {9, "123456789", false},
	    {0, "", true}};
	char sh[] = "sh", flag[] = "-c",
	    command[] = "printf 1234; printf 56789; exit 7";
	char *const argv[] = {sh, flag, command, NULL};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_spawn s = {.argv = argv, .timeout_ms = 10000,
		    .output_max = rows[i].max};
		struct ke_child c;
		struct ke_err e;

		assert_int_equal(ke_run(&c, &s, &e), 0);
		assert_string_equal(c.output.s, rows[i].kept);
		assert_int_equal(c.cut, rows[i].cut);
		assert_int_equal(WEXITSTATUS(c.status), 7);
		ke_buf_free(&c.output);
	}
}

/* Its surroundings: limits, folder, environment, descriptors. */
static void
test_surroundings(void **state)
{
	char sh[] = "sh", flag[] = "-c", command[] = "ulimit -n; ulimit -c; "
	    "pwd; echo $A; test -e /proc/self/fd/57 && echo leak; :",
	    a[] = "A=b";
	char *const argv[] = {sh, flag, command, NULL}, *const envp[] = {a,
	    NULL};
	const struct ke_limit limits[] = {{RLIMIT_NOFILE, 60},
	    {RLIMIT_CORE, 0}};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 10000,
	    .output_max = 1000, .limits = limits, .n_limits = 2, .dir = "/",
	    .envp = envp};
	struct ke_child c;
	struct ke_err e;

	(void)state;
	assert_int_equal(dup2(0, 57), 57);
	assert_int_equal(ke_run(&c, &s, &e), 0);
	assert_string_equal(c.output.s, "60\n0\n/\nb\n");
	ke_buf_free(&c.output);
	close(57);
}

static void
test_cannot_run(void **state)
{
	char none[] = "no-such-program", sh[] = "sh";
	char *const missing[] = {none, NULL}, *const there[] = {sh, NULL};
	struct ke_spawn s = {.argv = missing, .timeout_ms = 10000,
	    .output_max = 1000};
	struct ke_child c;
	struct ke_err e;

	(void)state;
	assert_int_equal(ke_run(&c, &s, &e), 0);
	assert_int_equal(WEXITSTATUS(c.status), 127);
	assert_string_equal(c.output.s,
	    "no-such-program: No such file or directory\n");
	ke_buf_free(&c.output);
	s.argv = there;
	s.dir = "/no-such-folder";
	assert_int_equal(ke_run(&c, &s, &e), 0);
	assert_int_equal(WEXITSTATUS(c.status), 127);
	assert_string_equal(c.output.s, "sh: No such file or directory\n");
	ke_buf_free(&c.output);
}

/* No descriptors are left: an error, and nothing to wait for. */
static void
test_no_pipe(void **state)
{
	char sh[] = "sh";
	char *const argv[] = {sh, NULL};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 10000};
	struct rlimit before, none;
	struct ke_child c;
	struct ke_err e;
	int got;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	got = ke_spawn(&c, &s, &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(got, -1);
	assert_string_equal(e.msg, "pipe: Too many open files");
	assert_int_equal(ke_spawn_wait(&c, 1, &e), 0);
}

static void
test_wait_for_several(void **state)
{
	static const char *const commands[] = {"sleep 0.3; exit 1", "exit 2",
	    "cat; exit 3"};
	struct ke_child c[KE_LEN(commands)];
	struct ke_err e;

	(void)state;
	for (size_t i = 0; i < KE_LEN(commands); i++) {
		char sh[] = "sh", flag[] = "-c",
		    *command = ke_strdup(commands[i]);
		char *const argv[] = {sh, flag, command, NULL};
		struct ke_spawn s = {.argv = argv, .timeout_ms = 10000,
		    .output_max = 100, .input = "in", .input_n = 2};

		assert_int_equal(ke_spawn(&c[i], &s, &e), 0);
		free(command);
	}
	assert_int_equal(ke_spawn_wait(c, KE_LEN(c), &e), 0);
	for (size_t i = 0; i < KE_LEN(c); i++) {
		assert_true(c[i].done);
		assert_int_equal(WEXITSTATUS(c[i].status), i + 1);
	}
	assert_string_equal(c[2].output.s, "in");
	for (size_t i = 0; i < KE_LEN(c); i++)
		ke_buf_free(&c[i].output);
}

/* Its parent is gone without a word. */
static void
test_dies_with_us(void **state)
{
	char sleep_[] = "sleep", n[] = "60";
	char *const argv[] = {sleep_, n, NULL};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 60000};
	int pids[2], status;
	long child;
	pid_t us;

	(void)state;
	assert_int_equal(pipe(pids), 0);
	us = fork();
	if (us == 0) {
		struct ke_child c;
		struct ke_err e;
		char name[1];

		if (ke_spawn(&c, &s, &e) == -1)
			_exit(1);
		/* until it sleeps it may not have asked to die with us */
		do {
			char path[64];
			FILE *f;

			snprintf(path, sizeof(path), "/proc/%ld/comm",
			    (long)c.pid);
			f = fopen(path, "r");
			if (f == NULL || fread(name, 1, 1, f) != 1)
				_exit(1);
			fclose(f);
		} while (name[0] != 's');
		child = c.pid;
		_exit(write(pids[1], &child, sizeof(child)) ==
		    sizeof(child) ? 9 : 1);
	}
	assert_int_equal(read(pids[0], &child, sizeof(child)), sizeof(child));
	assert_int_equal(waitpid(us, &status, 0), us);
	assert_int_equal(WEXITSTATUS(status), 9);
	assert_true(dies(child));
	close(pids[0]);
	close(pids[1]);
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
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_reaped_by_others),
		cmocka_unit_test(test_grandchild),
		cmocka_unit_test(test_deadline_of_a_group),
		cmocka_unit_test(test_output_max),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_cannot_run),
		cmocka_unit_test(test_no_pipe),
		cmocka_unit_test(test_wait_for_several),
		cmocka_unit_test(test_dies_with_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
