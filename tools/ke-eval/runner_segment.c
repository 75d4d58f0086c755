/* Segments: what is to be run, and a run of it, from ready to dead. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "defence.h"
#include "runner_parts.h"
#include "sandbox.h"
#include "spawn.h"

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

/* A segment under way. */
struct run {
	struct runner *r;
	pid_t pid; /* of its process, as the kernel says; 0: not known yet */
	int pidfd;
	clockid_t clock;
	struct verdict *v;
};

/* Who may say that?  The runner speaks of a segment's end, nobody else; of the
 * rest only the segment. */
static bool
is_sender(const struct run *s, enum wire_kind kind, pid_t from)
{
	if (!defended(sender) || !defended(fork) || !defended(process))
		return true;
	if (kind == WIRE_EXITED)
		return from == s->r->pid;
	return from != s->r->pid && (s->pid == 0 || from == s->pid);
}

/* Waits for one kind of reply. */
static int
expect(struct run *s, enum wire_kind kind, double until,
    struct wire_reply *reply, const char *what)
{
	pid_t from = 0;
	int heard = runner_hear(s->r, until, reply, &from);

	if (heard != 1 || !is_sender(s, reply->kind, from))
		return runner_broke(s->r, heard == 1 ? 0 : heard, what, s->v);
	if (reply->kind == WIRE_READY)
		s->pid = from;
	if (reply->kind == kind)
		return 0;
	if (reply->kind == WIRE_EXITED)
		return died(reply, what, s->v);
	return runner_broke(s->r, 0, what, s->v);
}

/* Waits until it is ready, holds its process and its clock. */
static int
open_segment(struct run *s)
{
	static const char what[] = "before the first block";
	struct wire_reply reply = {0};

	if (expect(s, WIRE_READY, ke_now() + LOAD_S, &reply, what) == -1)
		return -1;
	if (reply.status != 0) {
		runner_stop(s->r);
		return verdict_set(s->v, KE_COMPILE_ERROR, "load", "%s",
		    reply.why);
	}
	s->r->layers = reply.layers | (s->r->layers & LAYER_LOAD);
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (s->pidfd == -1 || clock_getcpuclockid(s->pid, &s->clock) != 0)
		return runner_broke(s->r, 0, what, s->v);
	return 0;
}

/* Seconds of all its threads so far; negative where it is gone. */
static double
cpu_seconds(const struct run *s)
{
	struct timespec t;

	if (clock_gettime(s->clock, &t) == -1)
		return -1;
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool
is_ended(void)
{
	return defended(end) && defended(fork) && defended(process);
}

/* The kernel charges a thread that runs at its next tick, which is longer than
 * a segment, or when it stops: so all are stopped. */
static double
cpu_charged(const struct run *s)
{
	static const struct timespec moment = {.tv_nsec = 20000};
	double was = -1, now = cpu_seconds(s);

	if (is_ended())
		(void)syscall(SYS_pidfd_send_signal, s->pidfd, SIGSTOP, NULL,
		    0);
	for (int i = 0; i < 20 && now != was; i++) {
		was = now;
		nanosleep(&moment, NULL);
		now = cpu_seconds(s);
	}
	return now;
}

/* Who says that it is done is taken at its word: nothing that it does later
 * counts, so that no answer can come before the work. */
static int
close_segment(struct run *s)
{
	static const char what[] = "after the end";
	struct pollfd p = {.fd = s->pidfd, .events = POLLIN};
	struct wire_reply reply = {0};

	if (is_ended()) {
		(void)syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL,
		    0);
		if (poll(&p, 1, (int)(KILL_S * 1000)) != 1)
			return runner_broke(s->r, -1, what, s->v);
	}
	if (expect(s, WIRE_EXITED, ke_now() + KILL_S, &reply, what) == -1)
		return -1;
	if (reply.status != 0 && !(WIFSIGNALED(reply.status) &&
	    WTERMSIG(reply.status) == SIGKILL))
		return died(&reply, what, s->v);
	return 0;
}

static int
go(struct run *s, double deadline_s, struct ran *ran)
{
	double cpu = cpu_seconds(s), start = ke_now(), end;
	struct wire_reply reply = {0};

	if (!defended(deadline))
		deadline_s = 1e9;
	if (send(s->r->reply, "g", 1, MSG_NOSIGNAL) != 1)
		return runner_broke(s->r, 0, "running", s->v);
	if (expect(s, WIRE_DONE, start + deadline_s, &reply, "running") == -1)
		return -1;
	end = ke_now();
	ran->seconds = end - start;
	ran->cpu_s = cpu_charged(s) - cpu;
	if (ran->cpu_s < 0 && defended(end))
		return runner_broke(s->r, 0, "after the end", s->v);
	if (reply.status != 0) {
		runner_stop(s->r);
		return verdict_set(s->v, KE_FAULT, "fpu",
		    "left another floating-point mode than it found");
	}
	return close_segment(s);
}

int
runner_run(struct runner *r, const struct segment *s, double deadline_s,
    struct ran *ran, struct verdict *v)
{
	struct run run = {.r = r, .pidfd = -1, .v = v};
	int status;

	v->status = KE_PASS;
	if (tell(r, &s->head, sizeof(s->head)) == -1 ||
	    tell(r, s->regions, s->head.n_regions * sizeof(*s->regions)) ==
	    -1 || tell(r, s->execs, (size_t)s->head.n_execs *
	    s->head.n_buffers * sizeof(*s->execs)) == -1)
		return runner_broke(r, 0, "before the first block", v);
	status = open_segment(&run);
	if (status == 0)
		status = go(&run, deadline_s, ran);
	if (run.pidfd != -1)
		close(run.pidfd);
	return status;
}
