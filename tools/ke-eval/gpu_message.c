/* Messages with descriptors. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "gpu.h"

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(GPU_BATCH * sizeof(int))];
};

int
gpu_send(int fd, const void *p, size_t bytes, const int *fds, size_t n)
{
	union control control = {0};
	struct iovec from = {(void *)(uintptr_t)p, bytes};
	struct msghdr m = {.msg_iov = &from, .msg_iovlen = 1};
	ssize_t put;

	if (n > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
	}
	do
		put = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (put == -1 && errno == EINTR);
	return put == (ssize_t)bytes ? 0 : -1;
}

static bool
is_there(int fd, double seconds)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int got;

	do
		got = poll(&p, 1, seconds < 0 ? -1 : (int)(seconds * 1000) + 1);
	while (got == -1 && errno == EINTR);
	return got == 1;
}

ssize_t
gpu_recv(int fd, double seconds, void *p, size_t room, int *fds, size_t *n)
{
	union control control = {0};
	struct iovec to = {p, room};
	struct msghdr m = {.msg_iov = &to, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t got;

	if (!is_there(fd, seconds))
		return -1;
	do
		got = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	/* a peer that ended with our messages unread: its last are behind */
	while (got == -1 && (errno == EINTR || errno == ECONNRESET));
	if (got == -1 || m.msg_flags & MSG_TRUNC)
		got = 0;
	if (n == NULL)
		return got;
	*n = 0;
	if (got > 0 && m.msg_controllen >= sizeof(struct cmsghdr) &&
	    control.head.cmsg_type == SCM_RIGHTS) {
		*n = (control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(&control.head), *n * sizeof(int));
	}
	return got;
}
