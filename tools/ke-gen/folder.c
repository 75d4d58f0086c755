/* The folder of one generation. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "folder.h"

#define NAME_BYTES 64

int
folder_open(struct folder *f, struct ke_err *e)
{
	const char *base = getenv("TMPDIR");
	struct ke_buf b = {0};

	*f = (struct folder){.fd = -1};
	ke_buf_fmt(&b, "%s/ke-gen.XXXXXX", base != NULL && *base == '/'
	    ? base : "/tmp");
	if (mkdtemp(b.s) == NULL) {
		ke_fail(e, "%s: %s", b.s, strerror(errno));
		ke_buf_free(&b);
		return -1;
	}
	f->path = b.s;
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd != -1 && mkdirat(f->fd, "op", 0700) == 0)
		return 0;
	ke_fail(e, "%s: %s", f->path, strerror(errno));
	folder_close(f);
	return -1;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	remove(path);
	return 0;
}

void
folder_close(struct folder *f)
{
	if (f->fd != -1)
		close(f->fd);
	if (f->path != NULL)
		nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(f->path);
	*f = (struct folder){.fd = -1};
}

static int
open_beneath(const struct folder *f, const char *name, int flags)
{
	struct open_how how = {
	    .flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
	    .mode = flags & O_CREAT ? 0600 : 0,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
	    RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, f->fd, name, &how, sizeof(how));
}

static int
fail(const char *name, int fd, struct ke_err *e)
{
	int why = errno;

	if (fd != -1)
		close(fd);
	return ke_fail(e, "%s: %s", name, strerror(why));
}

int
folder_read(const struct folder *f, const char *name, struct ke_buf *b,
    struct ke_err *e)
{
	int fd = open_beneath(f, name, O_RDONLY);
	size_t before = b->n;
	struct stat st;
	ssize_t got = 1;

	if (fd == -1 || fstat(fd, &st) == -1)
		return fail(name, fd, e);
	errno = EINVAL;
	if (!S_ISREG(st.st_mode))
		return fail(name, fd, e);
	ke_buf_add(b, "", 0);
	while (got > 0 && b->n - before <= FOLDER_FILE_MAX) {
		got = read(fd, ke_buf_room(b, 65536), 65536);
		b->n += got > 0 ? (size_t)got : 0;
		b->s[b->n] = '\0';
	}
	if (got == -1)
		return fail(name, fd, e);
	close(fd);
	if (b->n - before > FOLDER_FILE_MAX)
		return ke_fail(e, "%s: larger than %zu bytes", name,
		    FOLDER_FILE_MAX);
	return 0;
}

int
folder_check(const char *name, struct ke_err *e)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789._-"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ", name[i]) == NULL)
			n = 0;
	if (n == 0 || n > NAME_BYTES || *name == '.')
		return ke_fail(e, "%s: a name to write to is at most %d "
		    "letters, digits and . _ -, without folders", name,
		    NAME_BYTES);
	return 0;
}

/* Files beside those below op/. */
static size_t
count(const struct folder *f)
{
	struct ke_buf names = {0};
	size_t n = 0;

	folder_list(f, &names);
	for (const char *s = names.s; s != NULL && *s != '\0';
	    s = strchr(s, '\n') + 1)
		n += strncmp(s, "op/", 3) != 0;
	ke_buf_free(&names);
	return n;
}

int
folder_write(const struct folder *f, const char *name, const void *p, size_t n,
    struct ke_err *e)
{
	struct stat st;
	size_t done = 0;
	int fd;

	if (n > FOLDER_FILE_MAX)
		return ke_fail(e, "%s: larger than %zu bytes", name,
		    FOLDER_FILE_MAX);
	if (fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    count(f) >= FOLDER_FILES_MAX)
		return ke_fail(e, "%s: %d files are there already", name,
		    FOLDER_FILES_MAX);
	fd = open_beneath(f, name, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd == -1)
		return fail(name, fd, e);
	while (done < n) {
		ssize_t put = write(fd, (const char *)p + done, n - done);

		if (put == -1)
			return fail(name, fd, e);
		done += (size_t)put;
	}
	return close(fd) == -1 ? fail(name, -1, e) : 0;
}

static int
is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void
list(const struct folder *f, const char *sub, struct ke_buf *b)
{
	struct ke_buf path = {0};
	struct dirent **found;
	int n;

	ke_buf_fmt(&path, "%s/%s", f->path, sub);
	n = scandir(path.s, &found, is_visible, alphasort);
	for (int i = 0; i < n; i++) {
		if (found[i]->d_type != DT_DIR)
			ke_buf_fmt(b, "%s%s\n", sub, found[i]->d_name);
		free(found[i]);
	}
	if (n >= 0)
		free(found);
	ke_buf_free(&path);
}

void
folder_list(const struct folder *f, struct ke_buf *b)
{
	list(f, "", b);
	list(f, "op/", b);
}
