/* Compiling ahead.  Where compiling needs processors and timing needs a GPU,
 * the records on standard input go through a process that has them compiled,
 * several at once, before it passes them on unchanged and in their order: the
 * evaluation then finds every object in the cache.  Only the first goes on at
 * once, so that the GPU is opened while it is compiled. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "filter.h"
#include "lock.h"
#include "record.h"
#include "stream.h"
#include "target.h"
#include "warm.h"

#define AHEAD_MAX 64
#define TICK_MS 20
#define YIELD 10 /* where processors are few, who times goes first */

static pid_t passer;

/* A line on its way, and who compiles for it. */
static struct {
	struct ke_buf line;
	pid_t pid; /* 0: done */
} ring[AHEAD_MAX];
static size_t first, n_ring;

/* A warm compiler must be there before the processes that are to share it. */
static void
warm_up(const cJSON *rec)
{
	const struct toolchain *t = rec == NULL ? NULL
	    : target_toolchain(call.settings.target, rec);
	struct ke_err e;
	int lock;

	if (t == NULL || !t->warm || !toolchain_is_there(t) ||
	    (lock = ke_lock_cpu(false, &e)) == -1)
		return;
	(void)warm_socket(t);
	ke_unlock(lock);
}

/* In a process of its own; what goes wrong is said when the record's turn
 * comes. */
static void
compile(cJSON *rec)
{
	struct ke_err e;
	struct verdict v = {.status = KE_PASS};
	static struct program p;
	static struct fitted f;
	const struct ke_op *op = NULL;
	const char *type = NULL, *set;
	bool constants;

	if (rec == NULL || ke_record_check(rec, &e) == -1 ||
	    ke_record_failed(rec) || ke_json_object(rec, "eval") != NULL ||
	    call_complete(rec, &op, &type, &e) == -1 ||
	    program_open(&p, target_toolchain(call.settings.target, rec),
	    ke_json_string(rec, "source"), op, ke_json_object(rec, "choice"),
	    &v) == -1)
		return;
	constants = cJSON_GetArraySize(p.plan->constants) > 0;
	set = settings_set(&call.settings);
	for (size_t i = 0; i < op->n_cases; i++) {
		bool timed = strcmp(op->cases[i].set, set) == 0;

		if (!timed && strcmp(op->cases[i].set, "check") != 0)
			continue;
		if (!timed && constants && !call.settings.full)
			continue;
		if (program_fit(&p, ke_json_string(rec, "source"), op,
		    ke_dtype_find(type), &op->cases[i], &f, &v) == -1)
			return;
	}
	(void)program_compile(&p, 4, &v, &e);
}

static void
pass_on(const struct ke_buf *b)
{
	for (size_t at = 0; at < b->n; ) {
		ssize_t put = write(1, b->s + at, b->n - at);

		if (put == -1 && errno == EINTR)
			continue;
		if (put <= 0)
			_exit(0); /* the evaluation has ended */
		at += (size_t)put;
	}
}

static void
begin(const char *line, size_t n)
{
	static bool has_begun;
	size_t at = (first + n_ring++) % AHEAD_MAX;
	struct ke_err e;
	cJSON *rec = ke_json_parse(line, n, &e);

	warm_up(rec);
	ring[at].line.n = 0;
	ke_buf_add(&ring[at].line, line, n);
	ke_buf_str(&ring[at].line, "\n");
	ring[at].pid = fork();
	if (ring[at].pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_DFL);
		compile(rec);
		_exit(0);
	}
	if (ring[at].pid == -1)
		ring[at].pid = 0;
	cJSON_Delete(rec);
	if (has_begun)
		return;
	has_begun = true;
	pass_on(&ring[at].line);
	ring[at].line.n = 0;
}

/* Those at the front that are compiled; with wait, at least one. */
static void
drain(bool wait)
{
	while (n_ring > 0) {
		pid_t pid = ring[first].pid;
		int status;

		if (pid != 0 && waitpid(pid, &status, wait ? 0 : WNOHANG) == 0)
			return;
		ring[first].pid = 0;
		pass_on(&ring[first].line);
		first = (first + 1) % AHEAD_MAX;
		n_ring--;
		wait = false;
	}
}

static void
on_child(int sig)
{
	(void)sig;
}

static int
serve(size_t most)
{
	/* a child's end ends the wait for a line */
	struct sigaction a = {.sa_handler = on_child};
	struct ke_input in;
	struct ke_err e;
	char *line;
	size_t n;
	int status = 0;

	sigaction(SIGCHLD, &a, NULL);
	if (ke_input_open(&in, NULL, &e) == -1)
		errx(1, "%s", e.msg);
	for (;;) {
		enum ke_read got = ke_input_line(&in, &line, &n,
		    n_ring > 0 ? TICK_MS : -1, &e);

		if (got == KE_READ_LINE)
			begin(line, n);
		if (got == KE_READ_ERROR) {
			warnx("%s", e.msg);
			status = KE_FILTER_REFUSED;
		}
		if (got == KE_READ_GONE)
			return 0;
		if (got == KE_READ_EOF || got == KE_READ_ERROR)
			break;
		drain(n_ring >= most);
	}
	while (n_ring > 0)
		drain(true);
	return status;
}

void
ahead_start(void)
{
	size_t most = (size_t)call.settings.jobs;
	int fds[2];

	if (pipe(fds) == -1)
		err(111, "pipe");
	ke_filter_signals();
	passer = fork();
	if (passer == -1)
		err(111, "fork");
	if (passer == 0) {
		if (dup2(fds[1], 1) == -1)
			_exit(111);
		close(fds[0]);
		close(fds[1]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)nice(YIELD);
		_exit(serve(most < 1 ? 1 : most > AHEAD_MAX ? AHEAD_MAX
		    : most));
	}
	if (dup2(fds[0], 0) == -1)
		err(111, "dup2");
	close(fds[0]);
	close(fds[1]);
}

int
ahead_end(void)
{
	int status = 0;

	if (passer <= 0)
		return 0;
	kill(passer, SIGTERM); /* it has passed on all that was wanted */
	while (waitpid(passer, &status, 0) == -1 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}
