/* ke-store fsck: names every fault of a store. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "object.h"
#include "verbs.h"

/* Each query gives one line per fault, without the words before it. */
static const struct {
	const char *what, *query;
} checks[] = {
	{"database", "SELECT integrity_check FROM pragma_integrity_check "
	    "WHERE integrity_check <> 'ok'"},
	{"reference", "SELECT \"table\" || ' row ' || coalesce(rowid, '?') "
	    "|| ': none of ' || parent FROM pragma_foreign_key_check"},
	{"run", "SELECT name || ': seq goes to ' || max(seq) || ' with ' "
	    "|| count(*) || ' rows' FROM commits JOIN runs USING(run) "
	    "GROUP BY run HAVING max(seq) <> count(*) OR min(seq) <> 1"},
	{"node", "SELECT id || ': no row of its seq ' || seq FROM nodes n "
	    "WHERE NOT EXISTS (SELECT 1 FROM commits c "
	    "WHERE c.run = n.run AND c.seq = n.seq AND c.node = n.node)"},
	{"node", "SELECT id || ': its parent ' || pid || ' is not the one "
	    "of its edge' FROM nodes n WHERE status NOT IN ('error', 'lost') "
	    "AND (pid IS NOT (SELECT p.id FROM nodes p "
	    "WHERE p.node = n.parent) OR parent IS NOT NULL AND NOT EXISTS "
	    "(SELECT 1 FROM edges e WHERE e.parent = n.parent "
	    "AND e.place = 0 AND e.child = n.node))"},
	{"node", "SELECT id || ': depth ' || depth || ' under a parent of ' "
	    "|| pdepth FROM (SELECT n.id, n.depth, p.depth AS pdepth "
	    "FROM edges e JOIN nodes n ON n.node = e.child JOIN nodes p "
	    "ON p.node = e.parent WHERE e.place = 0 "
	    "AND n.depth <> p.depth + 1)"},
	{"node", "SELECT id || ': status ' || n.status || ' without an "
	    "evaluation' FROM nodes n WHERE n.status NOT IN ('error', "
	    "'lost') AND NOT EXISTS (SELECT 1 FROM evals e "
	    "WHERE e.eval = n.eval AND e.node = n.node)"},
	{"evaluation", "SELECT eval || ': no node ' || node FROM evals e "
	    "WHERE NOT EXISTS (SELECT 1 FROM nodes n "
	    "WHERE n.node = e.node)"},
	{"evaluation", "SELECT eval || ': ' || (SELECT count(*) FROM cases c "
	    "WHERE c.eval = e.eval) || ' cases, and its record has others' "
	    "FROM evals e JOIN objects o ON o.object = e.record "
	    "WHERE json_valid(CAST(body AS TEXT)) AND coalesce("
	    "json_array_length(CAST(body AS TEXT), '$.cases'), 0) <> "
	    "(SELECT count(*) FROM cases c WHERE c.eval = e.eval)"},
	{"evaluation", "SELECT eval || ': its seq ' || coalesce(seq, 'null') "
	    "|| ' is none of its node' FROM evals e WHERE NOT EXISTS "
	    "(SELECT 1 FROM commits c WHERE c.run = e.run "
	    "AND c.seq = e.seq AND c.node = e.node)"},
	{"node", "SELECT id || ': score ' || score || ' with status ' "
	    "|| status FROM nodes WHERE score > 0 AND status <> 'pass'"},
	{"lease", "SELECT xid || ': its result is committed' FROM leases l "
	    "WHERE EXISTS (SELECT 1 FROM commits c WHERE c.run = l.run "
	    "AND c.xid = l.xid)"},
};

static int
check(struct store *st, const char *what, const char *query)
{
	sqlite3_stmt *q = sql_bound(st, query, NULL, 0);
	int faults = 0;

	for (; sql_next(st, q); faults++)
		warnx("%s: %s: %s", st->path, what, sql_text(q, 0));
	return faults;
}

static int
check_objects(struct store *st)
{
	sqlite3_stmt *q = sql_bound(st, "SELECT hash, size, body, "
	    "length(body) FROM objects", NULL, 0);
	int faults = 0;

	while (sql_next(st, q)) {
		int64_t size = sqlite3_column_int64(q, 1);
		struct ke_err e;
		int bad;

		if (size < OBJECT_FILE && sqlite3_column_int64(q, 3) != size)
			bad = ke_fail(&e, "object %s: %lld bytes instead of "
			    "%lld", sql_text(q, 0),
			    (long long)sqlite3_column_int64(q, 3),
			    (long long)size);
		else
			bad = object_check(st, sql_text(q, 0), size,
			    sqlite3_column_blob(q, 2), &e);
		if (bad == -1) {
			warnx("%s: %s", st->path, e.msg);
			faults++;
		}
	}
	return faults;
}

/* Rows are kept as text: each must say what its keys say. */
static int
check_rows(struct store *st)
{
	sqlite3_stmt *q = sql_bound(st, "SELECT row, c.seq, id, r.name "
	    "FROM commits c JOIN nodes USING(node) JOIN runs r "
	    "ON r.run = c.run", NULL, 0);
	int faults = 0;

	while (sql_next(st, q)) {
		const char *text = sql_text(q, 0), *id;
		struct ke_err e;
		cJSON *row = ke_json_parse(text, strlen(text), &e);

		id = ke_json_string(row, "id");
		if (row == NULL || id == NULL ||
		    strcmp(id, sql_text(q, 2)) != 0 ||
		    ke_json_number(row, "seq", 0) !=
		    sqlite3_column_double(q, 1)) {
			warnx("%s: run %s: row %s does not say what it is",
			    st->path, sql_text(q, 3), sql_text(q, 1));
			faults++;
		}
		cJSON_Delete(row);
	}
	return faults;
}

int
verb_fsck(struct options *o, int argc, char **argv)
{
	struct store st;
	int faults = 0;

	if (getopt(argc, argv, "+") != -1 || optind < argc)
		usage();
	store_open(&st, o->dir, o->wait_ms, false);
	sql_begin_read(&st);
	for (size_t i = 0; i < KE_LEN(checks); i++)
		faults += check(&st, checks[i].what, checks[i].query);
	faults += check_objects(&st);
	faults += check_rows(&st);
	sql_commit(&st);
	return faults > 0;
}
