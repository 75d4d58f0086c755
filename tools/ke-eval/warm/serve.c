/* The server's end of warm.h: what a Python, which has loaded this file as a
 * library, can't do by itself. */
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../sandbox.h"
#include "../syscalls.h"
#include "../warm.h"

#define MEMORY "mode=777,size=1g" /* for what a compiler writes */

static struct {
	struct sandbox sandbox;
	struct sock_fprog filter;
	int fds[WARM_FDS]; /* of the text that was received last */
} serving;

int
warm_open(unsigned layers)
{
	int fd = open(WARM_FILTER, O_RDONLY | O_CLOEXEC);
	struct stat st;

	serving.sandbox.layers = layers;
	if (fd == -1 || fstat(fd, &st) == -1)
		return -1;
	serving.filter.len = (unsigned short)((size_t)st.st_size /
	    sizeof(*serving.filter.filter));
	serving.filter.filter = malloc((size_t)st.st_size);
	if (serving.filter.filter == NULL ||
	    read(fd, serving.filter.filter, (size_t)st.st_size) != st.st_size)
		return -1;
	close(fd);
	/* what it writes itself is seen by nobody */
	if (mount("ke", WARM_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV,
	    "mode=700,size=64m") == -1 || chdir(WARM_FOLDER) == -1)
		return -1;
	signal(SIGCHLD, SIG_IGN); /* nobody waits for who attends to one */
	sandbox_root_close();
	return send(WARM_SOCKET, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int
warm_receive(char words[WARM_WORDS])
{
	union {
		char bytes[CMSG_SPACE(WARM_FDS * sizeof(int))];
		struct cmsghdr align;
	} space;
	struct iovec part = {words, WARM_WORDS - 1};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1,
	    .msg_control = space.bytes, .msg_controllen = sizeof(space)};
	ssize_t n = recvmsg(WARM_SOCKET, &m, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n <= 0 ? NULL : CMSG_FIRSTHDR(&m);

	if (c == NULL || c->cmsg_len != CMSG_LEN(WARM_FDS * sizeof(int)))
		return 0;
	memcpy(serving.fds, CMSG_DATA(c), sizeof(serving.fds));
	words[n] = '\0';
	return 1;
}

/* The text to 3, the object to 4, the output to 1 and 2; nothing else is left
 * open.  What is received lies above those. */
static int
place(const int fds[WARM_FDS])
{
	if (dup2(fds[WARM_OUTPUT], 1) == -1 ||
	    dup2(fds[WARM_OUTPUT], 2) == -1)
		return -1;
	for (int i = 0; i < 2; i++) {
		int away = fcntl(fds[i], F_DUPFD_CLOEXEC, 64);

		if (away == -1 || dup2(away, 3 + i) == -1)
			return -1;
		fcntl(3 + i, F_SETFD, FD_CLOEXEC);
	}
	return close_range(5, ~0U, 0);
}

/* The process that is to compile: it has nothing when this is done but its
 * folder. */
static int
enter(const int fds[WARM_FDS])
{
	static const char *const all[] = {"/", NULL};
	static const char *const own[] = {WARM_FOLDER, NULL};
	const struct rlimit seconds = {WARM_CPU_S, WARM_CPU_S};
	struct sandbox s = serving.sandbox;
	bool told;

	if (mount("ke", WARM_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV, MEMORY) ==
	    -1 || chdir(WARM_FOLDER) == -1 ||
	    setrlimit(RLIMIT_CPU, &seconds) == -1)
		return -1;
	sandbox_drop(&s);
	sandbox_landlock(&s, all, own);
	if (filter_install(&serving.filter) == 0)
		s.layers |= LAYER_SECCOMP;
	told = write(fds[WARM_REPORT], &s.layers, sizeof(s.layers)) ==
	    (ssize_t)sizeof(s.layers);
	return told ? place(fds) : -1;
}

/* Waits for the process that compiles, or until nobody does any more.  One that
 * was not shut in, which its report says, has compiled nothing. */
static void
watch(pid_t pid, int status, int report)
{
	struct stat st;

	struct pollfd p[] = {{.fd = (int)syscall(SYS_pidfd_open, pid, 0),
	    .events = POLLIN}, {.fd = status}};
	int word;

	for (;;) {
		(void)poll(p, 2, p[0].fd == -1 ? 5 : -1);
		if (p[1].revents != 0)
			kill(pid, SIGKILL);
		if (waitpid(pid, &word, p[1].revents != 0 ? 0 : WNOHANG) ==
		    pid)
			break;
	}
	if (fstat(report, &st) == 0 && st.st_size > 0)
		(void)send(status, &word, sizeof(word), MSG_NOSIGNAL);
}

/* 1 in the process that is to compile; no other comes back.  A name space of
 * processes is that of the children: the one between keeps the rights that end
 * it. */
static int
attend(const int fds[WARM_FDS])
{
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_DFL);
	close(WARM_SOCKET);
	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC) == -1 ||
	    (pid = fork()) == -1)
		_exit(1);
	if (pid == 0) {
		if (enter(fds) == -1)
			_exit(126);
		return 1;
	}
	close(fds[WARM_TEXT]);
	close(fds[WARM_OBJECT]);
	close(fds[WARM_OUTPUT]);
	watch(pid, fds[WARM_STATUS], fds[WARM_REPORT]);
	_exit(0);
}

int
warm_fork(void)
{
	if (fork() == 0)
		return attend(serving.fds);
	for (int i = 0; i < WARM_FDS; i++)
		close(serving.fds[i]);
	return 0;
}
