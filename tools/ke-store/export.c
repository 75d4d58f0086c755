/* ke-store export: a run as one file, which import reads.  A line for the run,
 * then one for each commit, by seq: its record as add was given it, so that
 * adding them one by one makes the same run. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "record.h"
#include "run.h"
#include "verbs.h"
#include "whole.h"

/* A row of the query in export_commits. */
struct exported {
	struct parts parts;
	int64_t node_seq; /* of the node's first commit */
	const char *xid;  /* or NULL */
	cJSON *row;
};

static cJSON *
read_row(struct store *st, const char *text)
{
	struct ke_err e;
	cJSON *row = ke_json_parse(text, strlen(text), &e);

	if (row == NULL)
		errx(111, "%s: a row: %s", st->path, e.msg);
	return row;
}

static void
copy(cJSON *to, const cJSON *from, const char *name)
{
	const cJSON *v = ke_json_get(from, name);

	if (v != NULL)
		ke_json_set(to, name, cJSON_Duplicate(v, 1));
}

/* A confirmation that has no evaluation to show. */
static void
set_failure(cJSON *rec, const char *status)
{
	if (status != NULL && strcmp(status, "lost") == 0)
		ke_record_error(rec, "ke-store", "lost",
		    "the lease ended without a result");
	else
		ke_record_error(rec, "ke-store", "not_kept",
		    "why this confirmation failed was not kept");
}

/* The record of a confirmation, of which the store keeps the row and the
 * evaluation: the rest is the node's. */
static cJSON *
confirmation(struct store *st, const struct exported *x)
{
	static const char *const own[] = {"id", "pid", "pids", "choice",
	    "fingerprint"};
	struct parts p = x->parts;
	cJSON *rec, *select = cJSON_CreateObject();
	const char *status = ke_json_string(x->row, "status");

	p.prompt = 0;
	rec = whole_record(st, &p);
	cJSON_DeleteItemFromObjectCaseSensitive(rec, "gen");
	cJSON_DeleteItemFromObjectCaseSensitive(rec, "error");
	for (size_t i = 0; i < KE_LEN(own); i++)
		copy(rec, x->row, own[i]);
	ke_json_set_string(select, "phase", "confirm");
	copy(select, x->row, "effort");
	copy(select, x->row, "island");
	ke_json_set(rec, "select", select);
	if (status != NULL && (p.eval == 0 || strcmp(status, "error") == 0 ||
	    strcmp(status, "lost") == 0))
		set_failure(rec, status);
	return rec;
}

static int
export_commit(struct store *st, const struct exported *x)
{
	cJSON *rec = x->parts.seq == x->node_seq
	    ? whole_record(st, &x->parts) : confirmation(st, x);
	int got;

	if (x->xid != NULL)
		ke_json_set_string(rec, "xid", x->xid);
	else
		cJSON_DeleteItemFromObjectCaseSensitive(rec, "xid");
	got = ke_filter_emit(rec);
	cJSON_Delete(rec);
	return got;
}

static int
export_commits(struct store *st, int64_t run)
{
	sqlite3_stmt *q = SQL(st, "SELECT n.id, c.seq, n.record, n.source, "
	    "n.prompt, e.record, e.profile, n.seq, c.xid, c.row "
	    "FROM commits c JOIN nodes n USING(node) LEFT JOIN evals e "
	    "ON e.node = c.node AND e.seq = c.seq "
	    "WHERE c.run = ? ORDER BY c.seq", v_int(run));
	int got = 0;

	while (got == 0 && sql_next(st, q)) {
		struct exported x = {.parts = {.id = sql_copy(q, 0),
		    .seq = sqlite3_column_int64(q, 1),
		    .record = sqlite3_column_int64(q, 2),
		    .source = sqlite3_column_int64(q, 3),
		    .prompt = sqlite3_column_int64(q, 4),
		    .eval = sqlite3_column_int64(q, 5),
		    .profile = sqlite3_column_int64(q, 6)},
		    .node_seq = sqlite3_column_int64(q, 7),
		    .xid = sql_text(q, 8)};

		x.row = read_row(st, sql_text(q, 9));
		got = export_commit(st, &x);
		cJSON_Delete(x.row);
		free(x.parts.id);
	}
	sql_end(q);
	return got;
}

static int
export_run(struct store *st, const struct run *r)
{
	sqlite3_stmt *q = SQL(st, "SELECT created, finished FROM runs "
	    "WHERE run = ?", v_int(r->run));
	cJSON *o = cJSON_CreateObject();
	int got;

	ke_json_set_number(o, "v", 1);
	ke_json_set_string(o, "mark", "export");
	ke_json_set_string(o, "run", r->name);
	if (sql_next(st, q)) {
		ke_json_set_number(o, "created", sqlite3_column_double(q, 0));
		if (sql_text(q, 1) != NULL)
			ke_json_set_string(o, "finished", sql_text(q, 1));
		sql_end(q);
	}
	ke_json_set(o, "record", read_row(st, r->record));
	got = ke_filter_emit(o);
	cJSON_Delete(o);
	return got == 0 ? export_commits(st, r->run) : got;
}

static int
export_named(struct store *st, const char *name)
{
	struct ke_err e;
	const struct run *r = run_find(st, name, &e);

	if (r != NULL)
		return export_run(st, r);
	warnx("%s", e.msg);
	return 1;
}

static int
export_all(struct store *st)
{
	sqlite3_stmt *q = sql_bound(st, "SELECT name FROM runs ORDER BY run",
	    NULL, 0);
	int got = 0;

	while (got == 0 && sql_next(st, q))
		got = export_named(st, sql_text(q, 0));
	return got;
}

int
verb_export(struct options *o, int argc, char **argv)
{
	struct store st;
	int status = 0;

	if (getopt(argc, argv, "+") != -1)
		usage();
	ke_filter_signals();
	store_open(&st, o->dir, o->wait_ms, false);
	sql_begin_read(&st);
	if (optind == argc)
		status = export_all(&st);
	for (; optind < argc && status != KE_FILTER_FAILED; optind++) {
		int got = export_named(&st, argv[optind]);

		status = got > status ? got : status;
	}
	sql_commit(&st);
	return status;
}
