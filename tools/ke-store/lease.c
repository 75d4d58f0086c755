/* Leases: expansions that are out. */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commit.h"
#include "file.h"
#include "lease.h"
#include "row.h"

/* When the process started, in ticks after the boot (proc(5), stat, field
 * 22), or -1 where there is none. */
static int64_t
started(int64_t pid)
{
	struct ke_buf b = {0};
	struct ke_err e;
	char path[64], state;
	const char *p;
	unsigned long long t;
	int64_t got = -1;

	snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
	if (ke_file_read(path, 65536, &b, &e) == 0 &&
	    (p = strrchr(b.s, ')')) != NULL &&
	    sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u "
	    "%*u %*d %*d %*d %*d %*d %*d %llu", &state, &t) == 2 &&
	    state != 'Z' && state != 'X')
		got = (int64_t)t;
	ke_buf_free(&b);
	return got;
}

void
owner_self(struct owner *o)
{
	struct ke_buf b = {0};
	struct ke_err e;
	struct stat ns = {0};

	if (ke_file_read("/proc/sys/kernel/random/boot_id", 256, &b, &e) == -1)
		errx(111, "%s", e.msg);
	b.s[strcspn(b.s, "\n")] = '\0';
	if (stat("/proc/self/ns/pid", &ns) == -1)
		err(111, "/proc/self/ns/pid");
	snprintf(o->boot, sizeof(o->boot), "%.60s/%ju", b.s,
	    (uintmax_t)ns.st_ino);
	ke_buf_free(&b);
	o->pid = getpid();
	o->started = started(o->pid);
}

int
owner_other(struct owner *o, int64_t pid)
{
	owner_self(o);
	o->pid = pid;
	o->started = started(pid);
	return o->started == -1 ? -1 : 0;
}

static bool
id_taken(struct store *st, const char *id)
{
	return sql_int(st, SQL(st, "SELECT 1 FROM nodes WHERE id = ?1 "
	    "UNION ALL SELECT 1 FROM leases WHERE id = ?1", v_text(id)),
	    0) == 1;
}

void
id_draw(struct store *st, char id[ID_SIZE])
{
	unsigned char r[(ID_SIZE - 1) / 2];

	do {
		if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
			err(111, "getrandom");
		for (size_t i = 0; i < sizeof(r); i++)
			snprintf(id + 2 * i, 3, "%02x", r[i]);
	} while (id_taken(st, id));
}

static bool
xid_seen(struct store *st, const struct run *run, const char *xid)
{
	return sql_int(st, SQL(st, "SELECT 1 FROM leases "
	    "WHERE run = ?1 AND xid = ?2 UNION ALL SELECT 1 FROM commits "
	    "WHERE run = ?1 AND xid = ?2", v_int(run->run), v_text(xid)),
	    0) == 1;
}

/* The expansion as it is kept: without what context says. */
static char *
without_bulk(const cJSON *expansion)
{
	static const char *const bulk[] = {"context", "source", "choice"};
	cJSON *copy = cJSON_CreateObject();
	const cJSON *v;
	char *text;

	cJSON_ArrayForEach(v, expansion) {
		bool kept = true;

		for (size_t i = 0; i < KE_LEN(bulk); i++)
			kept = kept && strcmp(v->string, bulk[i]) != 0;
		if (kept)
			ke_json_set(copy, v->string, cJSON_Duplicate(v, 1));
	}
	text = ke_json_print(copy);
	cJSON_Delete(copy);
	return text;
}

bool
lease_take(struct store *st, const struct run *run, const struct owner *own,
    cJSON *exp, int64_t depth, int64_t source, int64_t seconds)
{
	char id[ID_SIZE], *row, *kept;
	cJSON *r;

	sql_begin_write(st);
	if (ke_json_string(exp, "xid") != NULL &&
	    xid_seen(st, run, ke_json_string(exp, "xid"))) {
		sql_commit(st);
		return false;
	}
	if (ke_json_string(exp, "id") == NULL) {
		id_draw(st, id);
		ke_json_set_string(exp, "id", id);
	}
	if (ke_json_string(exp, "xid") == NULL) {
		id_draw(st, id);
		ke_json_set_string(exp, "xid", id);
	}
	r = row_make(exp, depth, true);
	row = ke_json_print(r);
	kept = without_bulk(exp);
	sql_do(st, SQL(st, "INSERT INTO leases(id, xid, run, source, row, "
	    "expansion, boot, owner, started, expires) "
	    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    v_text(ke_json_string(exp, "id")),
	    v_text(ke_json_string(exp, "xid")), v_int(run->run),
	    v_ref(source), v_text(row), v_text(kept), v_text(own->boot),
	    v_int(own->pid), v_int(own->started),
	    v_int(time(NULL) + seconds)));
	sql_commit(st);
	cJSON_Delete(r);
	free(row);
	free(kept);
	return true;
}

void
lease_disown(struct store *st, const struct owner *o)
{
	sql_do(st, SQL(st, "UPDATE leases SET owner = NULL WHERE owner = ? "
	    "AND boot = ? AND started = ?", v_int(o->pid), v_text(o->boot),
	    v_int(o->started)));
}

/* An owner of another boot or name space can't be looked at: expiry decides.
 * seen is the process that was looked at last: most leases have one owner. */
static bool
owner_died(const struct owner *self, struct owner *seen, sqlite3_stmt *q)
{
	int64_t pid = sqlite3_column_int64(q, 1);

	if (sqlite3_column_type(q, 1) == SQLITE_NULL ||
	    strcmp(sql_text(q, 3), self->boot) != 0)
		return false;
	if (pid != seen->pid) {
		seen->pid = pid;
		seen->started = started(pid);
	}
	return seen->started != sqlite3_column_int64(q, 2);
}

/* A lease that ended without a result, from number last on; 0 where there is
 * none. */
static int64_t
find_ended(struct store *st, const struct owner *self, int64_t last)
{
	sqlite3_stmt *q = SQL(st, "SELECT lease, owner, started, boot, expires "
	    "FROM leases WHERE lease > ? ORDER BY lease", v_int(last));
	int64_t now = time(NULL);
	struct owner seen = {.pid = -1};

	while (sql_next(st, q))
		if (sqlite3_column_int64(q, 4) <= now ||
		    owner_died(self, &seen, q)) {
			int64_t lease = sqlite3_column_int64(q, 0);

			sql_end(q);
			return lease;
		}
	return 0;
}

static void
lose(struct store *st, int64_t lease)
{
	sqlite3_stmt *q = SQL(st, "SELECT expansion FROM leases "
	    "WHERE lease = ?", v_int(lease));
	char *text;
	cJSON *rec;
	struct ke_err e;

	if (!sql_next(st, q))
		return;
	text = sql_copy(q, 0);
	sql_end(q);
	rec = ke_json_parse(text, strlen(text), &e);
	if (rec == NULL)
		errx(111, "%s: lease %lld: %s", st->path, (long long)lease,
		    e.msg);
	commit_lost(st, rec);
	cJSON_Delete(rec);
	free(text);
}

void
lease_sweep(struct store *st)
{
	struct owner self = {0};
	int64_t lease;

	owner_self(&self);
	lease = find_ended(st, &self, 0);
	if (lease == 0 || !sql_try_write(st))
		return;
	/* as it is now that nobody else writes */
	for (lease = find_ended(st, &self, lease - 1); lease != 0;
	    lease = find_ended(st, &self, lease))
		lose(st, lease);
	sql_commit(st);
}
