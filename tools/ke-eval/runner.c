/* The parent's end of a runner. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.h"
#include "spawn.h"

#define LOAD_S 10.0
#define KILL_S 10.0 /* a process that outlives SIGKILL this long is stuck */

/* In the child: the descriptors to their places, nothing else kept, nothing
 * of our environment. */
static void
become(const int *fds, int n)
{
	static char name[] = RUNNER_NAME;
	char count[16];
	char *const argv[] = {name, count, NULL}, *const envp[] = {NULL};
	static const struct ke_limit limits[] = {{RLIMIT_CORE, 0},
	    {RLIMIT_FSIZE, 0}, {RLIMIT_MEMLOCK, 0}};
	int null = open("/dev/null", O_RDWR), away[FD_VARIANTS + VARIANTS_MAX];

	setpgid(0, 0);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	/* first out of the way, then into place */
	for (int i = 0; i < n; i++)
		away[i] = fcntl(fds[i], F_DUPFD, 256);
	for (int i = 0; i < n; i++)
		if (away[i] == -1 || dup2(away[i], FD_COMMAND + i) == -1)
			_exit(126);
	close_range((unsigned)(FD_COMMAND + n), ~0U, 0);
	for (size_t i = 0; i < KE_LEN(limits); i++) {
		struct rlimit r = {limits[i].value, limits[i].value};

		setrlimit((__rlimit_resource_t)limits[i].resource, &r);
	}
	signal(SIGPIPE, SIG_DFL);
	if (chdir("/") == -1)
		_exit(126);
	snprintf(count, sizeof(count), "%d", n - (FD_VARIANTS - FD_COMMAND));
	execve("/proc/self/exe", argv, envp);
	_exit(126);
}

/* Reads one reply within the time.  1; 0 at its end; -1 too late. */
static int
hear(struct runner *r, double until, struct wire_reply *reply)
{
	char *to = (char *)reply;
	size_t left = sizeof(*reply);

	while (left > 0) {
		struct pollfd p = {.fd = r->reply, .events = POLLIN};
		double wait = until - ke_now();
		ssize_t got;

		if (wait <= 0)
			return -1;
		if (poll(&p, 1, (int)(wait * 1000) + 1) <= 0)
			continue;
		got = read(r->reply, to, left);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		to += got;
		left -= (size_t)got;
	}
	return reply->magic == WIRE_MAGIC ? 1 : 0;
}

static int
wait_dead(struct runner *r, int *status)
{
	double until = ke_now() + KILL_S;

	while (ke_now() < until) {
		struct pollfd p = {.fd = r->pidfd, .events = POLLIN};

		poll(&p, 1, r->pidfd == -1 ? 5 : 100);
		if (waitpid(r->pid, status, WNOHANG) != 0)
			return 0;
	}
	return -1;
}

/* Kills what is left of it.  -1 where it would not die. */
static int
end(struct runner *r, int *status)
{
	int dead;

	if (r->pid == 0)
		return 0;
	kill(-r->pid, SIGKILL);
	dead = wait_dead(r, status);
	close(r->command);
	close(r->reply);
	if (r->pidfd != -1)
		close(r->pidfd);
	*r = (struct runner){0};
	return dead;
}

void
runner_stop(struct runner *r)
{
	int status;

	end(r, &status);
}

/* It broke off: what happened, from how the process ended. */
static int
broke(struct runner *r, int heard, const char *what, struct verdict *v)
{
	int status = 0;
	struct pollfd p = {.fd = r->pidfd, .events = POLLIN};

	/* an end of its own, before we kill it, tells the cause */
	if (heard == 0 && r->pidfd != -1)
		poll(&p, 1, 1000);
	if (end(r, &status) == -1)
		return verdict_set(v, KE_HUNG, "kill", "%s: the process "
		    "outlived SIGKILL", what);
	if (heard == -1)
		return verdict_set(v, KE_TIMEOUT, "deadline",
		    "%s: no end within its time", what);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		return verdict_set(v, KE_FAULT,
		    ke_signal_name(WTERMSIG(status)), "%s", what);
	return verdict_set(v, KE_PROTOCOL, "reply", "%s: not a reply", what);
}

int
runner_start(struct runner *r, const struct program *p, int inputs_ro,
    int outputs, struct verdict *v, struct ke_err *e)
{
	int fds[FD_VARIANTS + VARIANTS_MAX], n = FD_VARIANTS - FD_COMMAND;
	int command[2], reply[2], heard;
	struct wire_reply hello;

	*r = (struct runner){0};
	v->status = KE_PASS;
	if (pipe2(command, O_CLOEXEC) == -1 || pipe2(reply, O_CLOEXEC) == -1)
		return ke_fail(e, "pipe: %s", strerror(errno));
	fds[FD_COMMAND - FD_COMMAND] = command[0];
	fds[FD_REPLY - FD_COMMAND] = reply[1];
	fds[FD_INPUTS - FD_COMMAND] = inputs_ro;
	fds[FD_OUTPUTS - FD_COMMAND] = outputs;
	for (size_t i = 0; i < p->n_variants; i++) {
		fds[n] = open(p->variants[i].so, O_RDONLY | O_CLOEXEC);
		if (fds[n] == -1)
			return ke_fail(e, "%s: %s", p->variants[i].so,
			    strerror(errno));
		n++;
	}
	r->pid = fork();
	if (r->pid == 0)
		become(fds, n);
	for (int i = FD_VARIANTS - FD_COMMAND; i < n; i++)
		close(fds[i]);
	close(command[0]);
	close(reply[1]);
	r->command = command[1];
	r->reply = reply[0];
	if (r->pid == -1) {
		r->pid = 0;
		return ke_fail(e, "fork: %s", strerror(errno));
	}
	setpgid(r->pid, r->pid);
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	heard = hear(r, ke_now() + LOAD_S, &hello);
	if (heard != 1 || hello.kind != WIRE_LOADED)
		return broke(r, heard == 1 ? 0 : heard, "loading", v);
	if (hello.status != 0) {
		hello.why[sizeof(hello.why) - 1] = '\0';
		runner_stop(r);
		return verdict_set(v, KE_COMPILE_ERROR, "load", "%s",
		    hello.why);
	}
	return 0;
}

uint32_t
segment_region(struct segment *s, const struct wire_region *r)
{
	if (s->head.n_regions == s->regions_cap) {
		s->regions_cap = s->regions_cap * 2 + 16;
		s->regions = ke_grow(s->regions, s->regions_cap,
		    sizeof(*s->regions));
	}
	s->regions[s->head.n_regions] = *r;
	return s->head.n_regions++;
}

void
segment_exec(struct segment *s, const uint32_t *buffers)
{
	size_t n = (size_t)s->head.n_execs * s->head.n_buffers;

	if (n + s->head.n_buffers > s->execs_cap) {
		s->execs_cap = s->execs_cap * 2 + s->head.n_buffers;
		s->execs = ke_grow(s->execs, s->execs_cap, sizeof(*s->execs));
	}
	memcpy(s->execs + n, buffers, s->head.n_buffers * sizeof(*buffers));
	s->head.n_execs++;
}

void
segment_free(struct segment *s)
{
	free(s->regions);
	free(s->execs);
	*s = (struct segment){0};
}

static int
tell(struct runner *r, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t put = write(r->command, from, n);

		if (put == -1 && errno == EINTR)
			continue;
		if (put <= 0)
			return -1;
		from += put;
		n -= (size_t)put;
	}
	return 0;
}

/* The segment's process died instead of answering: how. */
static int
died(const struct wire_reply *reply, const char *what, struct verdict *v)
{
	if (WIFSIGNALED(reply->status))
		return verdict_set(v, KE_FAULT,
		    ke_signal_name(WTERMSIG(reply->status)), "%s", what);
	return verdict_set(v, KE_PROTOCOL, "exit", "%s: exit %d", what,
	    WEXITSTATUS(reply->status));
}

/* Waits for one kind of reply. */
static int
expect(struct runner *r, enum wire_kind kind, double until,
    struct wire_reply *reply, const char *what, struct verdict *v)
{
	int heard = hear(r, until, reply);

	if (heard != 1)
		return broke(r, heard, what, v);
	if (reply->kind == kind)
		return 0;
	if (reply->kind == WIRE_EXITED)
		return died(reply, what, v);
	return broke(r, 0, what, v);
}

/* The segment's process, which said that it is ready: -1 where it is none of
 * the runner's. */
static int
open_segment(const struct runner *r, const struct wire_reply *ready)
{
	pid_t pid = ready->status;

	if (pid <= 0 || pid == r->pid || getpgid(pid) != r->pid)
		return -1;
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Who says that it is done is taken at its word: nothing that it does later
 * counts, so that no answer can come before the work. */
static bool
kill_segment(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	return poll(&p, 1, (int)(KILL_S * 1000)) == 1;
}

static int
go(struct runner *r, int segment, double deadline_s, struct ran *ran,
    struct verdict *v)
{
	struct wire_reply reply;
	double start = ke_now();

	if (tell(r, "g", 1) == -1)
		return broke(r, 0, "running", v);
	if (expect(r, WIRE_DONE, start + deadline_s, &reply, "running",
	    v) == -1)
		return -1;
	ran->seconds = ke_now() - start;
	if (!kill_segment(segment))
		return broke(r, -1, "after the end", v);
	if (expect(r, WIRE_EXITED, ke_now() + KILL_S, &reply, "after the end",
	    v) == -1)
		return -1;
	if (reply.status != 0 && !(WIFSIGNALED(reply.status) &&
	    WTERMSIG(reply.status) == SIGKILL))
		return died(&reply, "after the end", v);
	ran->cpu_s = (double)reply.cpu_us * 1e-6;
	return 0;
}

int
runner_run(struct runner *r, const struct segment *s, double deadline_s,
    struct ran *ran, struct verdict *v)
{
	struct wire_reply reply;
	int segment, status;

	v->status = KE_PASS;
	if (tell(r, &s->head, sizeof(s->head)) == -1 ||
	    tell(r, s->regions, s->head.n_regions * sizeof(*s->regions)) ==
	    -1 || tell(r, s->execs, (size_t)s->head.n_execs *
	    s->head.n_buffers * sizeof(*s->execs)) == -1)
		return broke(r, 0, "before the first block", v);
	if (expect(r, WIRE_READY, ke_now() + LOAD_S, &reply,
	    "before the first block", v) == -1)
		return -1;
	segment = open_segment(r, &reply);
	if (segment == -1)
		return broke(r, 0, "before the first block", v);
	status = go(r, segment, deadline_s, ran, v);
	close(segment);
	return status;
}
