/* A process on the device, as ke-eval holds it: its beginning and its end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu_parent.h"

static bool is_stuck;

bool
gpu_is_stuck(void)
{
	return is_stuck;
}

pid_t
gpu_fork(struct gpu_process *p, int *socket, struct ke_err *e)
{
	struct timeval most = {.tv_sec = (time_t)GPU_OPEN_S};
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return ke_fail(e, "socketpair: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		*socket = fds[1];
		return 0;
	}
	close(fds[1]);
	if (pid == -1) {
		close(fds[0]);
		return ke_fail(e, "fork: %s", strerror(errno));
	}
	setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	*p = (struct gpu_process){.pid = pid, .fd = fds[0],
	    .pidfd = (int)syscall(SYS_pidfd_open, pid, 0)};
	return pid;
}

int
gpu_end_process(struct gpu_process *p, int *signal)
{
	struct pollfd end = {.fd = p->pidfd, .events = POLLIN};
	int status = 0;
	bool dead;

	if (signal != NULL)
		*signal = 0;
	if (p->pid == 0)
		return 0;
	kill(p->pid, SIGKILL);
	dead = poll(&end, 1, (int)(KILL_S * 1000)) == 1;
	if (dead)
		waitpid(p->pid, &status, 0);
	if (signal != NULL && dead && WIFSIGNALED(status) &&
	    WTERMSIG(status) != SIGKILL)
		*signal = WTERMSIG(status);
	is_stuck = is_stuck || !dead;
	close(p->fd);
	close(p->pidfd);
	*p = (struct gpu_process){0};
	return dead ? 0 : -1;
}
