/* Committing a record that was taken apart, within a transaction. */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "commit.h"
#include "late.h"
#include "lease.h"
#include "record.h"
#include "row.h"

/* A node's key, depth and run; node is 0 where there is none of that id. */
struct place {
	int64_t node, depth, run;
};

static struct place
find_node(struct store *st, const char *id)
{
	sqlite3_stmt *q;
	struct place p = {0, -1, 0};

	if (id == NULL)
		return p;
	q = SQL(st, "SELECT node, depth, run FROM nodes WHERE id = ?",
	    v_text(id));
	if (sql_next(st, q)) {
		p.node = sqlite3_column_int64(q, 0);
		p.depth = sqlite3_column_int64(q, 1);
		p.run = sqlite3_column_int64(q, 2);
		sql_end(q);
	}
	return p;
}

/* The xid counts as the record's own where no lease gave it another id, and,
 * of what was imported, no node of another id has it. */
static void
check_xid(struct store *st, const struct run *run, struct commit *c)
{
	const char *xid = ke_json_string(c->rec, "xid"),
	    *id = ke_json_string(c->rec, "id");
	bool other;

	if (xid == NULL)
		return;
	other = sql_int(st, SQL(st, "SELECT 1 FROM leases "
	    "WHERE run = ? AND xid = ? AND id IS NOT ?", v_int(run->run),
	    v_text(xid), v_text(id)), 0) != 0;
	if (c->imported && !other)
		other = sql_int(st, SQL(st, "SELECT 1 FROM commits c "
		    "JOIN nodes n USING(node) WHERE c.run = ? AND c.xid = ? "
		    "AND n.id IS NOT ?", v_int(run->run), v_text(xid),
		    v_text(id)), 0) != 0;
	if (!other)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(c->rec, "xid");
	cJSON_DeleteItemFromObjectCaseSensitive(c->row, "xid");
}

static void
end_lease(struct store *st, const struct run *run, const cJSON *rec)
{
	const char *xid = ke_json_string(rec, "xid"),
	    *id = ke_json_string(rec, "id");

	if (xid != NULL)
		sql_do(st, SQL(st, "DELETE FROM leases WHERE run = ? "
		    "AND xid = ?", v_int(run->run), v_text(xid)));
	else if (id != NULL)
		sql_do(st, SQL(st, "DELETE FROM leases WHERE id = ?",
		    v_text(id)));
}

/* The evaluation that the run has of the candidate in this effort, or 0. */
static int64_t
find_settled(struct store *st, const struct run *run, const struct commit *c)
{
	if (c->failed || c->fingerprint == NULL)
		return 0;
	return sql_int(st, SQL(st, "SELECT eval FROM evals WHERE settled "
	    "AND fingerprint = ? AND effort = ? AND run = ?",
	    v_text(c->fingerprint), v_text(c->effort), v_int(run->run)), 0);
}

static bool
settles(const struct commit *c)
{
	return !c->failed && c->fingerprint != NULL &&
	    !ke_status_passing(ke_status_find(c->status));
}

/* What a commit is in the database; 0 for what there isn't. */
struct kept {
	int64_t node, parent, eval, seq, source;
	const char *status;
	double score;
};

/* Its number, or 0 where the record has none. */
static int64_t
put_eval(struct store *st, const struct run *run, const struct commit *c,
    const struct kept *k, bool settled)
{
	int64_t record = object_keep(st, &c->eval),
	    profile = object_keep(st, &c->profile), eval;

	if (record == 0)
		return 0;
	sql_do(st, SQL(st, "INSERT INTO evals(node, run, seq, fingerprint, "
	    "effort, env_key, settled, status, score, record, profile) "
	    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", v_int(k->node),
	    v_int(run->run), v_int(k->seq), v_text(c->fingerprint),
	    v_text(c->effort), v_text(c->env_key), v_int(settled),
	    v_text(c->status), v_real(c->score), v_int(record),
	    v_ref(profile)));
	eval = sqlite3_last_insert_rowid(st->db);
	cases_put(st, eval, c->cases);
	return eval;
}

/* What the node used, by name; NULL where the row doesn't say. */
static struct value
used(const struct commit *c, const char *name)
{
	const cJSON *v = ke_json_get(c->row, name);

	return v == NULL ? v_text(NULL) : v_real(v->valuedouble);
}

static int64_t
next_seq(struct store *st, const struct run *run)
{
	return sql_int(st, SQL(st, "SELECT coalesce(max(seq), 0) + 1 "
	    "FROM commits WHERE run = ?", v_int(run->run)), 1);
}

/* Writes the row, and what later expansions are told was tried. */
static char *
put_row(struct store *st, const struct run *run, const struct commit *c,
    const struct kept *k)
{
	bool telling = k->source != 0 && strcmp(c->phase, "confirm") != 0 &&
	    strcmp(k->status, "duplicate") != 0;
	char *text, *tried = NULL;

	ke_json_set_number(c->row, "seq", (double)k->seq);
	ke_json_set_string(c->row, "status", k->status);
	ke_json_set_number(c->row, "score", k->score);
	text = ke_json_print(c->row);
	if (telling) {
		cJSON *t = row_tried(c->row, c->rec, c->detail,
		    c->source.hash);

		tried = ke_json_print(t);
		cJSON_Delete(t);
	}
	sql_do(st, SQL(st, "INSERT INTO commits(run, seq, node, xid, source, "
	    "tokens, money, joules, seconds, row, tried) "
	    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", v_int(run->run),
	    v_int(k->seq), v_int(k->node),
	    v_text(ke_json_string(c->row, "xid")), v_ref(k->source),
	    used(c, "tokens"), used(c, "money"), used(c, "joules"),
	    used(c, "seconds"), v_text(text), v_text(tried)));
	free(tried);
	return text;
}

static void
put_node(struct store *st, const struct run *run, const struct commit *c,
    const struct kept *k)
{
	const cJSON *island = ke_json_get(c->row, "island");

	sql_do(st, SQL(st, "INSERT INTO nodes(node, id, run, seq, pid, "
	    "parent, xid, phase, depth, island, status, score, fingerprint, "
	    "choice, strategy, detail, bottleneck, eval, source, prompt, "
	    "record) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
	    "?, ?, ?, ?, ?)", v_int(k->node),
	    v_text(ke_json_string(c->row, "id")), v_int(run->run),
	    v_int(k->seq), v_text(ke_json_string(c->row, "pid")),
	    v_ref(k->parent),
	    v_text(ke_json_string(c->row, "xid")), v_text(c->phase),
	    v_int((int64_t)ke_json_number(c->row, "depth", 0)),
	    island == NULL ? v_text(NULL) : v_int((int64_t)island->valuedouble),
	    v_text(k->status), v_real(k->score), v_text(c->fingerprint),
	    v_text(c->choice), v_text(c->strategy), v_text(c->detail),
	    v_text(ke_json_string(c->row, "bottleneck")), v_ref(k->eval),
	    v_ref(k->source), v_ref(object_keep(st, &c->prompt)),
	    v_int(object_keep(st, &c->rest))));
}

static void
put_edge(struct store *st, int64_t child, int64_t place, int64_t parent)
{
	sql_do(st, SQL(st, "INSERT INTO edges(child, place, parent) "
	    "VALUES(?, ?, ?)", v_int(child), v_int(place), v_int(parent)));
}

/* What can't be a node of the run as it stands is kept as one that failed. */
static void
fail(struct store *st, struct commit *c, const char *code, const char *msg)
{
	if (!ke_record_failed(c->rec))
		ke_record_error(c->rec, "ke-store", code, "%s", msg);
	c->failed = true;
	c->status = strcmp(c->status, "lost") == 0 ? "lost" : "error";
	c->score = 0;
	free(c->detail);
	c->detail = row_detail(c->rec);
	object_free(&c->rest);
	object_make(st, &c->rest, ke_json_print(c->rec));
}

/* The row of a node whose parent isn't there names none. */
static void
orphan(struct store *st, struct commit *c, const char *pid)
{
	struct ke_err e;

	ke_fail(&e, "pid: no node %s", pid);
	fail(st, c, "unknown_parent", e.msg);
	cJSON_DeleteItemFromObjectCaseSensitive(c->row, "pid");
	cJSON_DeleteItemFromObjectCaseSensitive(c->row, "pids");
}

/* Scores of another operator, target or element type must not count here. */
static void
check_run(struct store *st, const struct run *run, struct commit *c)
{
	const struct {
		const char *name, *value;
	} same[] = {{"op", run->op}, {"target", run->target},
	    {"dtype", run->dtype}};

	for (size_t i = 0; i < KE_LEN(same); i++) {
		const char *v = ke_json_string(c->rec, same[i].name);
		struct ke_err e;

		if (v == NULL || strcmp(v, same[i].value) == 0)
			continue;
		ke_fail(&e, "%s: %s, in a run of %s", same[i].name, v,
		    same[i].value);
		fail(st, c, "other_run", e.msg);
	}
}

static void
put_edges(struct store *st, const struct commit *c, int64_t node,
    int64_t parent)
{
	int64_t place = 1;
	const cJSON *v;

	if (parent != 0)
		put_edge(st, node, 0, parent);
	cJSON_ArrayForEach(v, ke_json_array(c->row, "pids")) {
		struct place p = find_node(st, cJSON_GetStringValue(v));

		if (p.node != 0)
			put_edge(st, node, place++, p.node);
	}
}

static char *
put_new(struct store *st, const struct run *run, struct commit *c)
{
	const char *pid = ke_json_string(c->rec, "pid");
	struct place parent = find_node(st, pid);
	struct kept k = {.parent = parent.node, .seq = next_seq(st, run)};
	char id[ID_SIZE];
	bool duplicate;

	if (ke_json_string(c->rec, "id") == NULL) {
		id_draw(st, id);
		ke_json_set_string(c->row, "id", id);
	}
	if (pid != NULL && parent.node == 0)
		orphan(st, c, pid);
	duplicate = find_settled(st, run, c) != 0;
	if (duplicate)
		c->score = 0;
	k.status = duplicate ? "duplicate" : c->status;
	k.score = c->score;
	ke_json_set_number(c->row, "depth", (double)(parent.depth + 1));
	k.source = object_keep(st, &c->source);
	k.node = sql_int(st, sql_bound(st, "SELECT coalesce(max(node), 0) + 1 "
	    "FROM nodes", NULL, 0), 1);
	k.eval = put_eval(st, run, c, &k, !duplicate && settles(c));
	put_node(st, run, c, &k);
	put_edges(st, c, k.node, k.parent);
	return put_row(st, run, c, &k);
}

/* A confirmation has no id of its own, so its xid must tell it from others. */
static void
name_confirm(struct store *st, struct commit *c)
{
	char xid[ID_SIZE];

	id_draw(st, xid);
	ke_json_set_string(c->row, "xid", xid);
}

/* A second evaluation of a node: what is settled in full effort replaces what
 * the node was known by.  Where the run has that already, the row repeats it,
 * because each expansion must come back. */
static char *
put_confirm(struct store *st, const struct run *run, struct commit *c,
    struct place p)
{
	int64_t earlier = find_settled(st, run, c);
	struct kept k = {.node = p.node, .seq = next_seq(st, run),
	    .status = c->status, .score = c->score};
	char *status = NULL, *row;

	if (ke_json_string(c->row, "xid") == NULL)
		name_confirm(st, c);
	ke_json_set_number(c->row, "depth", (double)p.depth);
	if (earlier != 0) {
		sqlite3_stmt *q = SQL(st, "SELECT status, score FROM evals "
		    "WHERE eval = ?", v_int(earlier));

		if (sql_next(st, q)) {
			k.status = status = sql_copy(q, 0);
			k.score = sqlite3_column_double(q, 1);
		}
		sql_end(q);
		c->score = 0;
	}
	k.eval = put_eval(st, run, c, &k, earlier == 0 && settles(c));
	if (earlier == 0 && settles(c))
		sql_do(st, SQL(st, "UPDATE nodes SET status = ?, score = ?, "
		    "detail = ?, bottleneck = ?, eval = ? WHERE node = ?",
		    v_text(k.status), v_real(k.score), v_text(c->detail),
		    v_text(ke_json_string(c->row, "bottleneck")),
		    v_int(k.eval), v_int(p.node)));
	row = put_row(st, run, c, &k);
	free(status);
	return row;
}

char *
commit_put(struct store *st, struct commit *c, bool *late, struct ke_err *e)
{
	const char *name = ke_json_string(c->rec, "run");
	struct place p = find_node(st, ke_json_string(c->rec, "id"));
	const struct run *run;
	char *row;

	if (name == NULL) {
		ke_fail(e, "run: missing (-r names one)");
		return NULL;
	}
	run = run_find(st, name, e);
	if (run == NULL)
		return NULL;
	if (p.node != 0 && p.run != run->run) {
		ke_fail(e, "id: %s is a node of another run",
		    ke_json_string(c->rec, "id"));
		return NULL;
	}
	check_xid(st, run, c);
	row = late_find(st, run, c, p.node);
	*late = row != NULL;
	if (*late)
		return row;
	check_run(st, run, c);
	row = p.node == 0 ? put_new(st, run, c) : put_confirm(st, run, c, p);
	end_lease(st, run, c->rec);
	return row;
}

void
commit_lost(struct store *st, const cJSON *expansion)
{
	struct commit c;
	struct ke_err e;
	bool late;
	cJSON *rec = cJSON_Duplicate(expansion, 1);

	ke_record_error(rec, "ke-store", "lost",
	    "the lease ended without a result");
	commit_prepare(st, &c, rec, NULL, NULL);
	free(commit_put(st, &c, &late, &e));
	commit_free(&c);
}
