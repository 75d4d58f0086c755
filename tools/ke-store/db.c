/* The database of a store: opening it, statements, transactions. */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "db.h"
#include "file.h"

#define TRY_MS 1000 /* that sql_try_write waits for the lock at most */

struct value
v_int(int64_t i)
{
	return (struct value){.type = VALUE_INT, .i = i};
}

struct value
v_ref(int64_t i)
{
	return (struct value){.type = i == 0 ? VALUE_NULL : VALUE_INT, .i = i};
}

struct value
v_real(double f)
{
	return (struct value){.type = VALUE_REAL, .f = f};
}

struct value
v_text(const char *s)
{
	if (s == NULL)
		return (struct value){.type = VALUE_NULL};
	return (struct value){.type = VALUE_TEXT, .p = s, .n = strlen(s)};
}

struct value
v_bytes(const void *p, size_t n)
{
	return (struct value){.type = VALUE_BYTES, .p = p, .n = n};
}

void
store_fail(struct store *st)
{
	int code = sqlite3_extended_errcode(st->db);

	if ((code & 0xff) == SQLITE_BUSY)
		errx(111, "%s: locked by another process for %d s", st->path,
		    st->wait_ms / 1000);
	errx(111, "%s: %s (SQLite %d)", st->path, sqlite3_errmsg(st->db), code);
}

static void
bind(struct store *st, sqlite3_stmt *q, int i, const struct value *v)
{
	int got = SQLITE_OK;

	switch (v->type) {
	case VALUE_NULL:
		got = sqlite3_bind_null(q, i);
		break;
	case VALUE_INT:
		got = sqlite3_bind_int64(q, i, v->i);
		break;
	case VALUE_REAL:
		got = sqlite3_bind_double(q, i, v->f);
		break;
	case VALUE_TEXT:
		got = sqlite3_bind_text64(q, i, v->p, v->n, SQLITE_STATIC,
		    SQLITE_UTF8);
		break;
	case VALUE_BYTES:
		got = sqlite3_bind_blob64(q, i, v->p, v->n, SQLITE_STATIC);
		break;
	}
	if (got != SQLITE_OK)
		store_fail(st);
}

static sqlite3_stmt *
prepared(struct store *st, const char *text)
{
	sqlite3_stmt *q;

	for (size_t i = 0; i < st->n_cached; i++)
		if (st->cache[i].text == text)
			return st->cache[i].q;
	if (sqlite3_prepare_v3(st->db, text, -1, SQLITE_PREPARE_PERSISTENT, &q,
	    NULL) != SQLITE_OK)
		store_fail(st);
	if (st->n_cached == STATEMENTS_MAX)
		errx(111, "more than %d statements", STATEMENTS_MAX);
	st->cache[st->n_cached].text = text;
	st->cache[st->n_cached++].q = q;
	return q;
}

sqlite3_stmt *
sql_bound(struct store *st, const char *text, const struct value *v, size_t n)
{
	sqlite3_stmt *q = prepared(st, text);

	sqlite3_reset(q);
	for (size_t i = 0; i < n; i++)
		bind(st, q, (int)i + 1, &v[i]);
	return q;
}

bool
sql_next(struct store *st, sqlite3_stmt *q)
{
	int got = sqlite3_step(q);

	if (got == SQLITE_ROW)
		return true;
	if (got != SQLITE_DONE)
		store_fail(st);
	sqlite3_reset(q);
	return false;
}

void
sql_end(sqlite3_stmt *q)
{
	sqlite3_reset(q);
}

void
sql_do(struct store *st, sqlite3_stmt *q)
{
	while (sql_next(st, q))
		continue;
}

int64_t
sql_int(struct store *st, sqlite3_stmt *q, int64_t other)
{
	int64_t v = other;

	if (sql_next(st, q)) {
		v = sqlite3_column_int64(q, 0);
		sql_end(q);
	}
	return v;
}

const char *
sql_text(sqlite3_stmt *q, int column)
{
	return (const char *)sqlite3_column_text(q, column);
}

char *
sql_copy(sqlite3_stmt *q, int column)
{
	const char *s = sql_text(q, column);

	return s == NULL ? NULL : ke_strdup(s);
}

void
sql_begin_read(struct store *st)
{
	sql_do(st, sql_bound(st, "BEGIN", NULL, 0));
}

/* Who was here when a newer program changed the schema must not write by the
 * rules of the old one. */
static void
check_version(struct store *st)
{
	int64_t version = sql_int(st, sql_bound(st, "PRAGMA user_version",
	    NULL, 0), 0);

	if (version != SCHEMA_VERSION)
		errx(111, "%s: became schema version %lld, and this ke-store "
		    "writes %d", st->path, (long long)version, SCHEMA_VERSION);
}

void
sql_begin_write(struct store *st)
{
	sql_do(st, sql_bound(st, "BEGIN IMMEDIATE", NULL, 0));
	check_version(st);
}

void
sql_commit(struct store *st)
{
	sql_do(st, sql_bound(st, "COMMIT", NULL, 0));
	if (st->writing != -1)
		close(st->writing);
	st->writing = -1;
}

void
sql_execute(struct store *st, const char *text)
{
	if (sqlite3_exec(st->db, text, NULL, NULL, NULL) != SQLITE_OK)
		store_fail(st);
}

bool
sql_try_write(struct store *st)
{
	int wait = st->wait_ms, got;

	st->wait_ms = wait < TRY_MS ? wait : TRY_MS;
	got = sqlite3_exec(st->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) & 0xff;
	st->wait_ms = wait;
	if (got != SQLITE_OK && got != SQLITE_BUSY && got != SQLITE_READONLY)
		store_fail(st);
	if (got == SQLITE_OK)
		check_version(st);
	return got == SQLITE_OK;
}

/* A lock is held for a fraction of a millisecond: sleeps start there, double
 * to 8 ms, and the last bits of the count keep waiters from marching in step.
 */
static int
wait_for_lock(void *arg, int times)
{
	const struct store *st = arg;
	int step = times < 7 ? times : 7;
	long us = (64L << step) + ((long)getpid() * (times + 1)) % 64;
	struct timespec t = {0, us * 1000};
	/* the steps before the longest took 8 ms together */
	long spent_ms = times < 7 ? 0 : 8 + (times - 7) * 8L;

	if (spent_ms >= st->wait_ms)
		return 0;
	nanosleep(&t, NULL);
	return 1;
}

/* Holds the folder's lock while a store is made: two may start at once. */
static int
make_folder(struct store *st)
{
	struct ke_err e;
	struct ke_buf b = {0};
	int fd;

	ke_buf_fmt(&b, "%s/objects", st->dir);
	if (ke_file_mkdirs(b.s, &e) == -1)
		errx(111, "%s", e.msg);
	ke_buf_free(&b);
	fd = open(st->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || flock(fd, LOCK_EX) == -1)
		err(111, "%s", st->dir);
	return fd;
}

void
store_open(struct store *st, const char *dir, int wait_ms, bool make)
{
	struct ke_buf path = {0};
	int lock = -1;

	*st = (struct store){.dir = ke_strdup(dir), .wait_ms = wait_ms,
	    .writing = -1};
	ke_buf_fmt(&path, "%s/ke.db", dir);
	st->path = path.s;
	if (make)
		lock = make_folder(st);
	else if (access(st->path, F_OK) == -1)
		err(111, "%s: no store here (ke-store init makes one)",
		    st->path);
	if (sqlite3_open_v2(st->path, &st->db, SQLITE_OPEN_READWRITE |
	    (make ? SQLITE_OPEN_CREATE : 0), NULL) != SQLITE_OK)
		store_fail(st);
	sqlite3_busy_handler(st->db, wait_for_lock, st);
	schema_open(st, make);
	sql_execute(st, "PRAGMA synchronous = NORMAL;"
	    "PRAGMA cache_size = -16384; PRAGMA foreign_keys = ON");
	if (lock != -1)
		close(lock);
}
