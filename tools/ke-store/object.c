/* Contents by their SHA-256. */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "object.h"

char *
object_path(const struct store *st, const char *hash)
{
	struct ke_buf b = {0};

	ke_buf_fmt(&b, "%s/objects/%.2s/%s", st->dir, hash, hash + 2);
	return b.s;
}

/* The rename itself must be on disk before a committed row names the file. */
static void
sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1 || fsync(fd) == -1)
		err(111, "%s", path);
	close(fd);
}

int
objects_lock(const struct store *st, bool alone)
{
	struct ke_buf b = {0};
	int fd;

	ke_buf_fmt(&b, "%s/objects", st->dir);
	fd = open(b.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || flock(fd, alone ? LOCK_EX : LOCK_SH) == -1)
		err(111, "%s", b.s);
	ke_buf_free(&b);
	return fd;
}

static bool
is_whole(const char *path, const struct object *o)
{
	struct ke_buf b = {0};
	struct ke_err e;
	bool whole = ke_file_read(path, o->n, &b, &e) == 0 && b.n == o->n &&
	    memcmp(b.s, o->s, o->n) == 0;

	ke_buf_free(&b);
	return whole;
}

static void
write_file(struct store *st, const struct object *o)
{
	char *path = object_path(st, o->hash), *slash = strrchr(path, '/');
	struct ke_err e;

	if (st->writing == -1)
		st->writing = objects_lock(st, false);
	if (is_whole(path, o)) {
		free(path);
		return;
	}
	*slash = '\0';
	if (ke_file_mkdirs(path, &e) == -1)
		errx(111, "%s", e.msg);
	*slash = '/';
	if (ke_file_write(path, o->s, o->n, &e) == -1)
		errx(111, "%s", e.msg);
	*slash = '\0';
	sync_folder(path);
	free(path);
}

void
object_make(struct store *st, struct object *o, char *text)
{
	*o = (struct object){.s = text};
	if (text == NULL)
		return;
	o->n = strlen(text);
	ke_sha256_hex(text, o->n, o->hash);
	if (o->n >= OBJECT_FILE)
		write_file(st, o);
}

void
object_free(struct object *o)
{
	free(o->s);
	*o = (struct object){0};
}

int64_t
object_keep(struct store *st, const struct object *o)
{
	int64_t object;

	if (o->s == NULL)
		return 0;
	object = !o->shared ? 0 : sql_int(st, SQL(st, "SELECT object "
	    "FROM objects WHERE shared AND hash = ?", v_text(o->hash)), 0);
	if (object != 0)
		return object;
	sql_do(st, SQL(st, "INSERT INTO objects(hash, shared, size, body) "
	    "VALUES(?, ?, ?, ?)", v_text(o->hash), v_int(o->shared),
	    v_int((int64_t)o->n), o->n < OBJECT_FILE ? v_bytes(o->s, o->n)
	    : v_text(NULL)));
	return sqlite3_last_insert_rowid(st->db);
}

static int
same(const char *hash, int64_t size, const void *p, size_t n,
    struct ke_err *e)
{
	char got[KE_SHA256_HEX];

	if (n != (size_t)size)
		return ke_fail(e, "object %s: %zu bytes instead of %lld", hash,
		    n, (long long)size);
	ke_sha256_hex(p, n, got);
	if (strcmp(got, hash) != 0)
		return ke_fail(e, "object %s: its contents are not what they "
		    "were", hash);
	return 0;
}

static int
read_file(struct store *st, const char *hash, int64_t size, struct ke_buf *b,
    struct ke_err *e)
{
	char *path = object_path(st, hash);
	int got = ke_file_read(path, SIZE_MAX / 8, b, e);

	free(path);
	return got == -1 ? -1 : same(hash, size, b->s, b->n, e);
}

int
object_check(struct store *st, const char *hash, int64_t size,
    const void *body, struct ke_err *e)
{
	struct ke_buf b = {0};
	int got;

	if (size < OBJECT_FILE)
		return same(hash, size, body, (size_t)size, e);
	got = read_file(st, hash, size, &b, e);
	ke_buf_free(&b);
	return got;
}

char *
object_text(struct store *st, int64_t object, struct ke_err *e)
{
	sqlite3_stmt *q = SQL(st, "SELECT hash, size, body FROM objects "
	    "WHERE object = ?", v_int(object));
	struct ke_buf b = {0};
	int got = 0;

	if (!sql_next(st, q)) {
		ke_fail(e, "object number %lld is missing", (long long)object);
		return NULL;
	}
	if (sqlite3_column_type(q, 2) == SQLITE_NULL)
		got = read_file(st, sql_text(q, 0), sqlite3_column_int64(q, 1),
		    &b, e);
	else
		ke_buf_add(&b, sqlite3_column_blob(q, 2),
		    (size_t)sqlite3_column_bytes(q, 2));
	sql_end(q);
	if (got == -1)
		ke_buf_free(&b);
	return b.s;
}
