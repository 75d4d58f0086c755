/* Files that are read whole and made whole, and the places where ours lie. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

int
ke_file_read(const char *path, size_t max, struct ke_buf *b, struct ke_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t before = b->n;
	ssize_t got = 1;

	if (fd == -1)
		return ke_fail(e, "%s: %s", path, strerror(errno));
	ke_buf_add(b, "", 0);
	while (got > 0 && b->n - before <= max) {
		got = read(fd, ke_buf_room(b, 65536), 65536);
		if (got == -1 && errno == EINTR)
			got = 1;
		else if (got > 0)
			b->n += (size_t)got;
	}
	if (got == -1)
		ke_fail(e, "%s: %s", path, strerror(errno));
	close(fd);
	b->s[b->n] = '\0';
	if (b->n - before > max)
		return ke_fail(e, "%s: larger than %zu bytes", path, max);
	return got == -1 ? -1 : 0;
}

static int
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put == -1 && errno == EINTR)
			continue;
		if (put == -1)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return fsync(fd);
}

int
ke_file_write(const char *path, const void *p, size_t n, struct ke_err *e)
{
	struct ke_buf tmp = {0};
	int fd, status = 0;

	ke_buf_fmt(&tmp, "%s.%ld.XXXXXX", path, (long)getpid());
	fd = mkstemp(tmp.s);
	if (fd == -1)
		status = ke_fail(e, "%s: %s", tmp.s, strerror(errno));
	if (fd != -1 && (write_all(fd, p, n) == -1 || fchmod(fd, 0644) == -1 ||
	    rename(tmp.s, path) == -1)) {
		status = ke_fail(e, "%s: %s", path, strerror(errno));
		unlink(tmp.s);
	}
	if (fd != -1)
		close(fd);
	ke_buf_free(&tmp);
	return status;
}

int
ke_file_mkdirs(const char *path, struct ke_err *e)
{
	char *copy = ke_strdup(path), *slash = copy;
	struct stat st;
	int status = 0;

	while (status == 0 && slash != NULL) {
		slash = *slash == '\0' ? NULL : strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(copy, 0777) == -1 && errno != EEXIST)
			status = ke_fail(e, "%s: %s", copy, strerror(errno));
		if (slash != NULL)
			*slash = '/';
	}
	free(copy);
	if (status == 0 && stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return ke_fail(e, "%s: %s", path, strerror(ENOTDIR));
	return status;
}

char *
ke_cache_dir(const char *sub, struct ke_err *e)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct ke_buf b = {0};

	if (base != NULL && *base == '/')
		ke_buf_fmt(&b, "%s/ke/%s", base, sub);
	else if (home != NULL && *home == '/')
		ke_buf_fmt(&b, "%s/.cache/ke/%s", home, sub);
	else
		ke_buf_fmt(&b, "/tmp/ke-%ld/%s", (long)getuid(), sub);
	if (ke_file_mkdirs(b.s, e) == -1)
		ke_buf_free(&b);
	return b.s;
}

char *
ke_share_dir(const char *name)
{
	/* from PREFIX/bin, bin (a bundle), build/bin, build/NAME/bin */
	static const char *const from[] = {"/../share/ke", "/..", "/../..",
	    "/../../.."};
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	*slash = '\0';
	for (size_t i = 0; i < KE_LEN(from); i++) {
		struct ke_buf b = {0};
		char *real;
		struct stat st;

		ke_buf_fmt(&b, "%s%s/%s", exe, from[i], name);
		real = stat(b.s, &st) == 0 && S_ISDIR(st.st_mode)
		    ? realpath(b.s, NULL) : NULL;
		ke_buf_free(&b);
		if (real != NULL)
			return real;
	}
	return NULL;
}
