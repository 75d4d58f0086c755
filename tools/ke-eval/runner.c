/* The parent's end of a runner. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "defence.h"
#include "file.h"
#include "runner.h"
#include "sandbox.h"
#include "spawn.h"

#define LOAD_S 10.0
#define KILL_S 10.0 /* a process that outlives SIGKILL this long is stuck */

/* In the child: the descriptors to their places, nothing else kept, nothing
 * of our environment. */
static void
become(const int *fds, int n, unsigned layers)
{
	static char name[] = RUNNER_NAME;
	char count[16], granted[16];
	char *const argv[] = {name, count, granted, NULL};
	char *const envp[] = {NULL};
	int null = open("/dev/null", O_RDWR), away[FD_VARIANTS + VARIANTS_MAX];

	setpgid(0, 0);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	/* first out of the way, then into place */
	for (int i = 0; i < n; i++)
		away[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 256);
	for (int i = 0; i < n; i++)
		if (away[i] == -1 || dup2(away[i], FD_COMMAND + i) == -1)
			_exit(126);
	if (defended(bare))
		close_range((unsigned)(FD_COMMAND + n), ~0U, 0);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir("/") == -1)
		_exit(126);
	snprintf(count, sizeof(count), "%d", n - (FD_VARIANTS - FD_COMMAND));
	snprintf(granted, sizeof(granted), "%u", layers);
	execve("/proc/self/exe", argv, defence_env(envp));
	_exit(126);
}

/* Reads one message within the time.  1 with a reply, and in *from the process
 * that sent it, which the kernel says; 0 where it is none, or there will be no
 * more; -1 too late. */
static int
hear(struct runner *r, double until, struct wire_reply *reply, pid_t *from)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char data[sizeof(*reply) + 1]; /* one more shows what is too long */
	struct iovec to = {data, sizeof(data)};
	struct ucred who;

	for (;;) {
		struct msghdr m = {.msg_iov = &to, .msg_iovlen = 1,
		    .msg_control = &control,
		    .msg_controllen = sizeof(control)};
		struct pollfd p = {.fd = r->reply, .events = POLLIN};
		double wait = until - ke_now();
		ssize_t got;

		if (wait <= 0)
			return -1;
		if (poll(&p, 1, wait > 1e6 ? -1 : (int)(wait * 1000) + 1) <= 0)
			continue;
		got = recvmsg(r->reply, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (got == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0 || control.head.cmsg_level != SOL_SOCKET ||
		    control.head.cmsg_type != SCM_CREDENTIALS)
			return 0;
		memcpy(&who, CMSG_DATA(&control.head), sizeof(who));
		*from = who.pid;
		return wire_check(data, (size_t)got, reply) == 0;
	}
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

static void
hang_up(int fd)
{
	if (fd != -1)
		close(fd);
}

/* Kills what is left of it.  -1 where it would not die. */
static int
end(struct runner *r, int *status)
{
	int dead = 0;

	if (r->pid == 0)
		return 0;
	if (r->pid != getpid()) {
		kill(r->pid, SIGKILL);
		kill(-r->pid, SIGKILL);
		dead = wait_dead(r, status);
	}
	close(r->command);
	close(r->reply);
	hang_up(r->pidfd);
	*r = (struct runner){.layers = r->layers}; /* still to be told */
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

#ifdef KE_DEFENCES_OFF
#include <pthread.h>

/* Candidate code in a thread of ours, for attacks on the process itself. */
static void
start_thread(struct runner *r, const int *fds, int n)
{
	struct runner_fds *copy = ke_calloc(1, sizeof(*copy));
	pthread_t t;

	*copy = (struct runner_fds){dup(fds[0]), dup(fds[1]), dup(fds[2]),
	    dup(fds[3]), {0}};
	for (int i = FD_VARIANTS - FD_COMMAND; i < n; i++)
		copy->variants[i - (FD_VARIANTS - FD_COMMAND)] = dup(fds[i]);
	if (pthread_create(&t, NULL, runner_thread, copy) == 0)
		r->pid = getpid();
}
#else
#define start_thread(r, fds, n) (void)0
#endif

/* A copy of a variant that nobody can change any more, checked. */
static int
open_variant(const struct toolchain *t, const char *path, struct verdict *v,
    struct ke_err *e)
{
	struct ke_buf text = {0};
	int fd = -1;

	if (ke_file_read(path, OBJECT_MAX, &text, e) == 0 &&
	    t->check(text.s, text.n, v) == 0) {
		fd = memfd_create("ke-variant", MFD_CLOEXEC |
		    MFD_ALLOW_SEALING);
		if (fd == -1 || write(fd, text.s, text.n) !=
		    (ssize_t)text.n || lseek(fd, 0, SEEK_SET) == -1 ||
		    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK |
		    F_SEAL_GROW) == -1)
			ke_fail(e, "%s: memfd: %s", path, strerror(errno));
	}
	ke_buf_free(&text);
	return fd;
}

/* A pipe for commands, a socket for replies. */
static int
open_channels(int command[2], int reply[2], struct ke_err *e)
{
	int on = 1;

	if (pipe2(command, O_CLOEXEC) == -1 || socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reply) == -1 ||
	    setsockopt(reply[0], SOL_SOCKET, SO_PASSCRED, &on,
	    sizeof(on)) == -1)
		return ke_fail(e, "pipe: %s", strerror(errno));
	return 0;
}

static void
start(struct runner *r, const int *fds, int n)
{
	if (!defended(process)) {
		start_thread(r, fds, n);
		return;
	}
	r->pid = sandbox_fork(&r->layers);
	if (r->pid == 0)
		become(fds, n, r->layers);
	if (r->pid == -1)
		return;
	setpgid(r->pid, r->pid);
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
}

int
runner_start(struct runner *r, const struct program *p, int inputs_ro,
    int outputs, struct verdict *v, struct ke_err *e)
{
	int fds[FD_VARIANTS + VARIANTS_MAX] = {0};
	int command[2] = {-1, -1}, reply[2] = {-1, -1};
	int heard, n = FD_VARIANTS - FD_COMMAND;
	struct wire_reply hello = {0};
	pid_t from = 0;

	*r = (struct runner){.pidfd = -1};
	v->status = KE_PASS;
	if (open_channels(command, reply, e) == -1)
		return -1;
	fds[FD_COMMAND - FD_COMMAND] = command[0];
	fds[FD_REPLY - FD_COMMAND] = reply[1];
	fds[FD_INPUTS - FD_COMMAND] = inputs_ro;
	fds[FD_OUTPUTS - FD_COMMAND] = outputs;
	r->command = command[1];
	r->reply = reply[0];
	for (size_t i = 0; i < p->n_variants; i++, n++) {
		fds[n] = open_variant(p->toolchain, p->variants[i].so, v, e);
		if (fds[n] == -1)
			break;
	}
	if ((size_t)n == p->n_variants + (FD_VARIANTS - FD_COMMAND))
		start(r, fds, n);
	for (int i = FD_VARIANTS - FD_COMMAND; i < n; i++)
		hang_up(fds[i]);
	hang_up(command[0]);
	hang_up(reply[1]);
	if (r->pid <= 0) {
		bool refused = (size_t)n != p->n_variants +
		    (FD_VARIANTS - FD_COMMAND);

		close(r->command);
		close(r->reply);
		r->pid = 0;
		return refused ? -1 : ke_fail(e, "fork: %s", strerror(errno));
	}
	heard = hear(r, ke_now() + LOAD_S, &hello, &from);
	if (heard != 1 || hello.kind != WIRE_LOADED)
		return broke(r, heard == 1 ? 0 : heard, "before loading", v);
	r->layers = hello.layers | (defended(load) ? LAYER_LOAD : 0);
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
	int heard = hear(s->r, until, reply, &from);

	if (heard != 1 || !is_sender(s, reply->kind, from))
		return broke(s->r, heard == 1 ? 0 : heard, what, s->v);
	if (reply->kind == WIRE_READY)
		s->pid = from;
	if (reply->kind == kind)
		return 0;
	if (reply->kind == WIRE_EXITED)
		return died(reply, what, s->v);
	return broke(s->r, 0, what, s->v);
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
		return broke(s->r, 0, what, s->v);
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
			return broke(s->r, -1, what, s->v);
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
		return broke(s->r, 0, "running", s->v);
	if (expect(s, WIRE_DONE, start + deadline_s, &reply, "running") == -1)
		return -1;
	end = ke_now();
	ran->seconds = end - start;
	ran->cpu_s = cpu_charged(s) - cpu;
	if (ran->cpu_s < 0 && defended(end))
		return broke(s->r, 0, "after the end", s->v);
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
		return broke(r, 0, "before the first block", v);
	status = open_segment(&run);
	if (status == 0)
		status = go(&run, deadline_s, ran);
	hang_up(run.pidfd);
	return status;
}
