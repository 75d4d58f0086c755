/* Children run by argv, watched by clock, reported in full. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spawn.h"

rlim_t
ke_raise_descriptors(rlim_t n)
{
	struct rlimit r;
	rlim_t had;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return 0;
	had = r.rlim_cur;
	if (had >= n)
		return had;
	r.rlim_cur = n < r.rlim_max ? n : r.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &r) == 0 ? r.rlim_cur : had;
}

double
ke_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int64_t
ke_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* In the child: the descriptors to their places, by way of numbers that none of
 * them has. */
static int
place(const int *fds, size_t n)
{
	int away[KE_SPAWN_FDS];

	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < n; i++)
		if (i == KE_SPAWN_FDS ||
		    (away[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64)) == -1)
			return -1;
	for (size_t i = 0; i < n; i++)
		if (dup2(away[i], 3 + (int)i) == -1)
			return -1;
	return 0;
}

/* In the child.  Reports by exit status 127, and why on standard error. */
static void
become(const struct ke_spawn *s, int in, int out)
{
	sigset_t none;

	if (in == -1)
		in = open("/dev/null", O_RDONLY);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (in == -1 || dup2(in, 0) == -1 || dup2(out, 1) == -1 ||
	    (!s->stderr_apart && dup2(out, 2) == -1))
		goto fail;
	if (place(s->fds, s->n_fds) == -1)
		goto fail;
	for (size_t i = 0; i < s->n_limits; i++) {
		struct rlimit r = {s->limits[i].value, s->limits[i].value};

		if (setrlimit((__rlimit_resource_t)s->limits[i].resource,
		    &r) == -1 && errno != EPERM)
			goto fail;
	}
	if (s->dir != NULL && chdir(s->dir) == -1)
		goto fail;
	if (s->envp != NULL)
		execvpe(s->file != NULL ? s->file : s->argv[0], s->argv,
		    s->envp);
	else
		execvp(s->file != NULL ? s->file : s->argv[0], s->argv);
fail:
	dprintf(2, "%s: %s\n", s->argv[0], strerror(errno));
	_exit(127);
}

static void
hang_up(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

int
ke_spawn(struct ke_child *c, const struct ke_spawn *s, struct ke_err *e)
{
	int out[2] = {-1, -1}, in[2] = {-1, -1};

	*c = (struct ke_child){.pid = -1, .pidfd = -1, .out = -1, .in = -1,
	    .output_max = s->output_max, .done = true,
	    .input = s->input, .input_n = s->input_n,
	    .deadline = ke_now_ms() + s->timeout_ms};
	if (pipe2(out, O_CLOEXEC) == -1 ||
	    (s->input != NULL && pipe2(in, O_CLOEXEC) == -1))
		ke_fail(e, "pipe: %s", strerror(errno));
	else if ((c->pid = s->fork != NULL ? s->fork(s->fork_arg)
	    : fork()) == -1)
		ke_fail(e, "fork: %s", strerror(errno));
	if (c->pid == 0)
		become(s, in[0], out[1]);
	hang_up(&in[0]);
	hang_up(&out[1]);
	if (c->pid == -1) {
		hang_up(&in[1]);
		hang_up(&out[0]);
		return -1;
	}
	setpgid(c->pid, c->pid);
	c->out = out[0];
	c->in = in[1];
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	if (c->in != -1)
		fcntl(c->in, F_SETFL, O_NONBLOCK);
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	c->done = false;
	ke_buf_add(&c->output, "", 0);
	return 0;
}

/* Writes what fits.  A child that doesn't read its input, or not all of it, is
 * no error. */
static void
feed(struct ke_child *c)
{
	while (c->in != -1 && c->input_n > 0) {
		ssize_t put = write(c->in, c->input, c->input_n);

		if (put == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (put == -1)
			break;
		c->input += put;
		c->input_n -= (size_t)put;
	}
	hang_up(&c->in);
}

static void
drain(struct ke_child *c)
{
	char junk[65536];
	ssize_t got;

	while (c->out != -1 && (got = read(c->out, junk, sizeof(junk))) != -1) {
		size_t room = c->output_max - c->output.n;

		if (got == 0) {
			hang_up(&c->out);
			return;
		}
		if ((size_t)got > room)
			c->cut = true;
		ke_buf_add(&c->output, junk,
		    (size_t)got < room ? (size_t)got : room);
	}
}

static void
finish(struct ke_child *c)
{
	kill(-c->pid, SIGKILL);
	drain(c);
	hang_up(&c->out);
	hang_up(&c->in);
	hang_up(&c->pidfd);
	c->done = true;
}

/* Without a pidfd (an old kernel) its death is polled for. */
void
ke_child_poll(const struct ke_child *c, struct pollfd p[KE_CHILD_POLL],
    int *timeout_ms)
{
	int64_t left = c->deadline - ke_now_ms();

	p[0] = (struct pollfd){.fd = c->pidfd, .events = POLLIN};
	p[1] = (struct pollfd){.fd = c->out, .events = POLLIN};
	p[2] = (struct pollfd){.fd = c->in, .events = POLLOUT};
	if (c->done)
		return;
	left = left < 0 ? 0 : left > 3600000 ? 3600000 : left;
	if (c->pidfd == -1 && left > 5)
		left = 5;
	if (*timeout_ms == -1 || left < *timeout_ms)
		*timeout_ms = (int)left;
}

void
ke_child_kill(struct ke_child *c)
{
	if (!c->done)
		kill(-c->pid, SIGKILL);
}

bool
ke_child_step(struct ke_child *c)
{
	pid_t got;

	if (c->done)
		return true;
	feed(c);
	drain(c);
	got = waitpid(c->pid, &c->status, WNOHANG);
	if (got != 0) {
		/* where SIGCHLD is ignored, how it ended is lost */
		if (got == -1)
			c->status = W_EXITCODE(127, 0);
		finish(c);
	} else if (ke_now_ms() >= c->deadline) {
		c->timed_out = true;
		ke_child_kill(c);
		c->deadline = ke_now_ms() + 10000;
	}
	return c->done;
}

int
ke_spawn_wait(struct ke_child *c, size_t n, struct ke_err *e)
{
	struct pollfd *p = ke_calloc(KE_CHILD_POLL * n, sizeof(*p));
	int status = 0;

	while (status == 0) {
		size_t live = 0;
		int timeout = -1;

		for (size_t i = 0; i < n; i++) {
			live += !ke_child_step(&c[i]);
			ke_child_poll(&c[i], &p[KE_CHILD_POLL * i], &timeout);
		}
		if (live == 0)
			break;
		if (poll(p, KE_CHILD_POLL * n, timeout) == -1 &&
		    errno != EINTR)
			status = ke_fail(e, "poll: %s", strerror(errno));
	}
	free(p);
	return status;
}

int
ke_run(struct ke_child *c, const struct ke_spawn *s, struct ke_err *e)
{
	if (ke_spawn(c, s, e) == -1)
		return -1;
	return ke_spawn_wait(c, 1, e);
}

const char *
ke_signal_name(int sig)
{
	static const struct {
		int sig;
		const char *name;
	} names[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},
	    {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"},
	    {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGXCPU, "SIGXCPU"},
	    {SIGXFSZ, "SIGXFSZ"}, {SIGSYS, "SIGSYS"}, {SIGTRAP, "SIGTRAP"},
	    {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}, {SIGPIPE, "SIGPIPE"},
	    {SIGALRM, "SIGALRM"}, {SIGSTOP, "SIGSTOP"}};

	for (size_t i = 0; i < KE_LEN(names); i++)
		if (names[i].sig == sig)
			return names[i].name;
	return "a signal";
}

void
ke_child_words(const struct ke_child *c, char *out, size_t n)
{
	if (c->timed_out)
		snprintf(out, n, "killed at its deadline");
	else if (WIFSIGNALED(c->status))
		snprintf(out, n, "%s", ke_signal_name(WTERMSIG(c->status)));
	else
		snprintf(out, n, "exit %d", WEXITSTATUS(c->status));
}
