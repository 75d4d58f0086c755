/* The locks of what is measured on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock.h"

/* O_CREAT on a file of another user in /tmp is refused (proc(5),
 * protected_regular), even to root: so only where it is missing.  flock needs
 * no more than to read. */
static int
open_shared(const char *path, struct ke_err *e)
{
	int fd = -1;

	for (int tries = 0; fd == -1 && tries < 100; tries++) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd != -1 || errno != ENOENT)
			break;
		fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd != -1)
			(void)fchmod(fd, 0666); /* whatever the umask */
		else if (errno != EEXIST)
			break;
	}
	return fd != -1 ? fd : ke_fail(e, "%s: %s", path, strerror(errno));
}

static int
take(int fd, int how, const char *path, struct ke_err *e)
{
	while (flock(fd, how) == -1)
		if (errno != EINTR)
			return ke_fail(e, "%s: %s", path, strerror(errno));
	return 0;
}

int
ke_lock_cpu(bool exclusive, struct ke_err *e)
{
	return ke_lock("cpu", exclusive, e);
}

int
ke_lock(const char *name, bool exclusive, struct ke_err *e)
{
	char lock[96], gate_path[96]; /* held only while waiting for the lock */
	int gate, fd = -1;

	snprintf(lock, sizeof(lock), "/tmp/ke-%.64s.lock", name);
	snprintf(gate_path, sizeof(gate_path), "/tmp/ke-%.64s.gate", name);
	gate = open_shared(gate_path, e);
	if (gate == -1)
		return -1;
	if (take(gate, LOCK_EX, gate_path, e) == 0)
		fd = open_shared(lock, e);
	if (fd != -1 &&
	    take(fd, exclusive ? LOCK_EX : LOCK_SH, lock, e) == -1) {
		close(fd);
		fd = -1;
	}
	ke_unlock(gate);
	return fd;
}

void
ke_unlock(int fd)
{
	if (fd == -1)
		return;
	(void)flock(fd, LOCK_UN);
	close(fd);
}
