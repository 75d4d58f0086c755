/* Locks: who may hold one with whom, and for how long.  One of our own, for
 * those that measure beside us take the processors'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lock.h"

#define PATIENCE 60000 /* ms */

static char name[32];

/* A child that takes the lock, says so on got, and waits for a byte on end. */
struct holder {
	pid_t pid;
	int got, end;
};

static struct holder
hold(bool exclusive)
{
	struct ke_err e;
	int got[2], end[2];
	struct holder h;

	assert_int_equal(pipe(got), 0);
	assert_int_equal(pipe(end), 0);
	h = (struct holder){fork(), got[0], end[1]};
	if (h.pid == 0) {
		char c = 0;

		alarm(2 * PATIENCE / 1000);
		if (ke_lock(name, exclusive, &e) == -1 ||
		    write(got[1], &c, 1) != 1)
			_exit(1);
		_exit(read(end[0], &c, 1) == 1 ? 0 : 1);
	}
	close(got[1]);
	close(end[0]);
	return h;
}

static bool
has_it(const struct holder *h, int ms)
{
	fd_set set;
	struct timeval t = {ms / 1000, ms % 1000 * 1000};

	FD_ZERO(&set);
	FD_SET(h->got, &set);
	return select(h->got + 1, &set, NULL, NULL, &t) == 1;
}

static void
let_go(struct holder *h)
{
	int status;

	assert_int_equal(write(h->end, "", 1), 1);
	close(h->end);
	assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
	assert_int_equal(status, 0);
	close(h->got);
}

static void
shared_together(void **state)
{
	struct holder a = hold(false), b;

	(void)state;
	assert_true(has_it(&a, PATIENCE));
	b = hold(false);
	assert_true(has_it(&b, PATIENCE));
	let_go(&a);
	let_go(&b);
}

static void
exclusive_alone(void **state)
{
	struct holder a = hold(true), b, c;

	(void)state;
	assert_true(has_it(&a, PATIENCE));
	b = hold(true);
	assert_false(has_it(&b, 200));
	c = hold(false);
	assert_false(has_it(&c, 200));
	let_go(&a);
	assert_true(has_it(&b, PATIENCE));
	assert_false(has_it(&c, 200));
	let_go(&b);
	assert_true(has_it(&c, PATIENCE));
	let_go(&c);
}

/* A shared holder that comes after one who waits to be alone waits too. */
static void
nobody_overtakes(void **state)
{
	struct holder a = hold(false), b, c;

	(void)state;
	assert_true(has_it(&a, PATIENCE));
	b = hold(true);
	assert_false(has_it(&b, 200));
	c = hold(false);
	assert_false(has_it(&c, 200));
	let_go(&a);
	assert_true(has_it(&b, PATIENCE));
	let_go(&b);
	assert_true(has_it(&c, PATIENCE));
	let_go(&c);
}

static void
children_do_not_prolong(void **state)
{
	struct ke_err e;
	int fd = ke_lock(name, true, &e), p[2], status;
	struct holder a;
	pid_t pid;

	(void)state;
	assert_true(fd != -1);
	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		close(p[1]);
		_exit(read(p[0], &c, 1) == 0 ? 0 : 1);
	}
	close(p[0]);
	ke_unlock(fd);
	a = hold(true);
	assert_true(has_it(&a, PATIENCE));
	let_go(&a);
	close(p[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_together),
		cmocka_unit_test(exclusive_alone),
		cmocka_unit_test(nobody_overtakes),
		cmocka_unit_test(children_do_not_prolong),
	};

	char path[64];
	int failed;

	snprintf(name, sizeof(name), "test-%ld", (long)getpid());
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(path, sizeof(path), "/tmp/ke-%s.lock", name);
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/ke-%s.gate", name);
	unlink(path);
	return failed;
}
