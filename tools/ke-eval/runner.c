/* The parent's end of a runner: its start, what it says, its end. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "defence.h"
#include "runner_parts.h"
#include "sandbox.h"
#include "spawn.h"

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

int
runner_hear(struct runner *r, double until, struct wire_reply *reply,
    pid_t *from)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char data[sizeof(*reply) + 1]; /* one more shows what is too long */
	struct iovec to = {data, sizeof(data)};
	struct ucred who;
	bool is_late = false;

	for (;;) {
		struct msghdr m = {.msg_iov = &to, .msg_iovlen = 1,
		    .msg_control = &control,
		    .msg_controllen = sizeof(control)};
		struct pollfd p = {.fd = r->reply, .events = POLLIN};
		double wait = until - ke_now();
		ssize_t got;

		/* where we ourselves wake late, so may it have: once more */
		if (wait <= 0 && !is_late) {
			until = ke_now() + fmax(GRACE_S, -wait);
			is_late = true;
			continue;
		}
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

int
runner_broke(struct runner *r, int heard, const char *what, struct verdict *v)
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
runner_start(struct runner *r, struct program *p, int inputs_ro,
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
		fds[n] = program_seal(p, i, v, e);
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
	heard = runner_hear(r, ke_now() + LOAD_S, &hello, &from);
	if (heard != 1 || hello.kind != WIRE_LOADED)
		return runner_broke(r, heard == 1 ? 0 : heard, "before loading",
		    v);
	r->layers = hello.layers | (defended(load) ? LAYER_LOAD : 0);
	return 0;
}
