/* Children run by argv, watched by clock, reported in full. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spawn.h"

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

/* In the child.  Reports by exit status 127, and errno on the pipe. */
static void
become(const struct ke_spawn *s, int out)
{
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	if (null == -1 || dup2(null, 0) == -1 || dup2(out, 1) == -1 ||
	    dup2(out, 2) == -1)
		goto fail;
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < s->n_limits; i++) {
		struct rlimit r = {s->limits[i].value, s->limits[i].value};

		if (setrlimit((__rlimit_resource_t)s->limits[i].resource,
		    &r) == -1 && errno != EPERM)
			goto fail;
	}
	if (s->dir != NULL && chdir(s->dir) == -1)
		goto fail;
	if (s->envp != NULL)
		execvpe(s->argv[0], s->argv, s->envp);
	else
		execvp(s->argv[0], s->argv);
fail:
	dprintf(2, "%s: %s\n", s->argv[0], strerror(errno));
	_exit(127);
}

int
ke_spawn(struct ke_child *c, const struct ke_spawn *s, struct ke_err *e)
{
	int p[2];

	*c = (struct ke_child){.pid = -1, .pidfd = -1, .out = -1,
	    .output_max = s->output_max, .done = true,
	    .deadline = ke_now_ms() + s->timeout_ms};
	if (pipe2(p, O_CLOEXEC) == -1)
		return ke_fail(e, "pipe: %s", strerror(errno));
	c->pid = fork();
	if (c->pid == 0)
		become(s, p[1]);
	close(p[1]);
	if (c->pid == -1) {
		close(p[0]);
		return ke_fail(e, "fork: %s", strerror(errno));
	}
	setpgid(c->pid, c->pid);
	c->out = p[0];
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	c->done = false;
	ke_buf_add(&c->output, "", 0);
	return 0;
}

static void
drain(struct ke_child *c)
{
	char junk[65536];
	ssize_t got;

	while (c->out != -1 && (got = read(c->out, junk, sizeof(junk))) != -1) {
		size_t room = c->output_max - c->output.n;

		if (got == 0) {
			close(c->out);
			c->out = -1;
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
	if (c->out != -1)
		close(c->out);
	if (c->pidfd != -1)
		close(c->pidfd);
	c->out = c->pidfd = -1;
	c->done = true;
}

/* Without a pidfd (an old kernel) its death is polled for. */
static int
watch(struct ke_child *c, size_t n, struct ke_err *e)
{
	struct pollfd *p = ke_calloc(2 * n, sizeof(*p));
	int64_t now = ke_now_ms(), wait = 3600000;
	int got;

	for (size_t i = 0; i < n; i++) {
		bool live = !c[i].done;

		p[2 * i] = (struct pollfd){.fd = live ? c[i].pidfd : -1,
		    .events = POLLIN};
		p[2 * i + 1] = (struct pollfd){.fd = live ? c[i].out : -1,
		    .events = POLLIN};
		if (live && c[i].pidfd == -1)
			wait = wait < 5 ? wait : 5;
		if (live && c[i].deadline - now < wait)
			wait = c[i].deadline > now ? c[i].deadline - now : 0;
	}
	got = poll(p, 2 * n, (int)wait);
	free(p);
	if (got == -1 && errno != EINTR)
		return ke_fail(e, "poll: %s", strerror(errno));
	return 0;
}

int
ke_spawn_wait(struct ke_child *c, size_t n, struct ke_err *e)
{
	for (;;) {
		size_t live = 0;
		int64_t now = ke_now_ms();

		for (size_t i = 0; i < n; i++) {
			if (c[i].done)
				continue;
			drain(&c[i]);
			if (waitpid(c[i].pid, &c[i].status, WNOHANG) != 0) {
				finish(&c[i]);
				continue;
			}
			if (now >= c[i].deadline && !c[i].timed_out) {
				c[i].timed_out = true;
				kill(-c[i].pid, SIGKILL);
				c[i].deadline = now + 10000;
			}
			live++;
		}
		if (live == 0)
			return 0;
		if (watch(c, n, e) == -1)
			return -1;
	}
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
