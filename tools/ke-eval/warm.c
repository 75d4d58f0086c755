/* Our end of warm.h. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cc.h"
#include "defence.h"
#include "sandbox.h"
#include "warm.h"

#define READY_MS 20000

static struct {
	bool tried;
	int fd;
	struct cc cc; /* its command */
} server = {.fd = -1};

static pid_t
fork_server(void *arg)
{
	struct cc *c = arg;
	unsigned layers = 0;
	pid_t pid = sandbox_fork(&layers);

	if (pid == 0)
		snprintf(c->layers, sizeof(c->layers), "%u", layers);
	return pid;
}

static int
spawn(struct cc *c, int end)
{
	struct ke_spawn s = {.argv = c->argv, .file = "/proc/self/exe",
	    .envp = cc_environment(), .timeout_ms = INT32_MAX,
	    .fds = &end, .n_fds = 1, .fork = fork_server, .fork_arg = c};
	struct ke_err e;

	/* seconds of a processor are those of each text */
	s.limits = cc_limits(&s.n_limits) + 1;
	s.n_limits--;
	return ke_spawn(&c->child, &s, &e);
}

/* Waits until it says that it is there. */
static bool
is_ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char word;

	return poll(&p, 1, READY_MS) == 1 && recv(fd, &word, 1, 0) == 1;
}

static int
start(const struct toolchain *t)
{
	struct cc *c = &server.cc;
	int ends[2], status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	cc_command(c, t, "serve", NULL);
	status = spawn(c, ends[1]);
	close(ends[1]);
	cc_command_free(c);
	if (status == 0 && is_ready(ends[0])) {
		close(c->child.out); /* it has nothing to say */
		return ends[0];
	}
	close(ends[0]);
	if (status == 0) {
		struct ke_err e;

		ke_child_kill(&c->child);
		(void)ke_spawn_wait(&c->child, 1, &e);
		ke_buf_free(&c->child.output);
	}
	return -1;
}

int
warm_socket(const struct toolchain *t)
{
	if (!t->warm || *defence_key() != '\0')
		return -1;
	if (!server.tried)
		server.fd = start(t);
	server.tried = true;
	return server.fd;
}

void
warm_forget(void)
{
	if (server.fd != -1)
		close(server.fd);
	server.fd = -1;
}

static int
request(int fd, const int fds[WARM_FDS], const char *words)
{
	union {
		char bytes[CMSG_SPACE(WARM_FDS * sizeof(int))];
		struct cmsghdr align;
	} space = {{0}};
	char copy[WARM_WORDS];
	struct iovec part = {copy, strlen(words)};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1,
	    .msg_control = space.bytes, .msg_controllen = sizeof(space)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (part.iov_len >= sizeof(copy))
		return -1;
	memcpy(copy, words, part.iov_len);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(WARM_FDS * sizeof(int));
	memcpy(CMSG_DATA(c), fds, WARM_FDS * sizeof(int));
	return sendmsg(fd, &m, MSG_NOSIGNAL) == -1 ? -1 : 0;
}

int
warm_ask(int fd, const int fds[WARM_STATUS], const char *words)
{
	int all[WARM_FDS], ends[2], status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return WARM_GONE;
	memcpy(all, fds, WARM_STATUS * sizeof(*fds));
	all[WARM_STATUS] = ends[1];
	if (request(fd, all, words) == -1)
		return WARM_GONE;
	close(ends[1]);
	if (recv(ends[0], &status, sizeof(status), 0) !=
	    (ssize_t)sizeof(status))
		return WARM_GONE;
	if (WIFEXITED(status)) /* which is an answer, whatever it is */
		return WEXITSTATUS(status) == WARM_GONE ? 1
		    : WEXITSTATUS(status);
	dprintf(2, "%s\n", ke_signal_name(WTERMSIG(status)));
	return 1;
}
