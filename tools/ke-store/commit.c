/* Committing a record.  What is costly (taking apart, hashing, large files)
 * happens before the transaction, which then holds the lock for a fraction of
 * a millisecond. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commit.h"
#include "lease.h"
#include "record.h"
#include "row.h"

#define STRATEGY_MAX 1000 /* bytes that ancestors and siblings are told */

/* Takes the section's text out and leaves null in its place, so that a record
 * comes back with its members in order. */
static void
take(struct store *st, struct object *o, cJSON *rec, const char *name)
{
	const cJSON *v = ke_json_get(rec, name);

	if (v == NULL)
		return;
	object_make(st, o, cJSON_IsString(v) ? ke_strdup(v->valuestring)
	    : ke_json_print(v));
	ke_json_set(rec, name, cJSON_CreateNull());
}

static void
read_eval(struct commit *c)
{
	const cJSON *eval = ke_json_object(c->rec, "eval");
	const char *status = ke_json_string(eval, "status"), *key;
	enum ke_status s = status == NULL ? KE_STATUS_COUNT
	    : ke_status_find(status);
	double score = ke_json_number(eval, "score", 0);

	c->failed = s == KE_STATUS_COUNT || ke_record_failed(c->rec);
	c->status = c->failed ? "error" : ke_status_name(s);
	if (!c->failed && s == KE_PASS && isfinite(score) && score > 0)
		c->score = score;
	key = ke_json_string(ke_json_object(eval, "env"), "key");
	c->env_key = key == NULL ? NULL : ke_strdup(key);
	c->effort = strcmp(row_effort(c->rec), "full") == 0 ? "full" : "quick";
	c->phase = row_phase(c->rec);
}

static void
read_proposal(struct commit *c)
{
	const char *source = ke_json_string(c->rec, "source"),
	    *given = ke_json_string(c->rec, "fingerprint"),
	    *strategy = ke_json_string(ke_json_object(c->rec, "gen"),
	    "strategy");
	const cJSON *choice = ke_json_object(c->rec, "choice");
	char computed[KE_FINGERPRINT];

	if (source != NULL && given == NULL) {
		ke_fingerprint(source, choice, NULL, computed);
		ke_json_set_string(c->rec, "fingerprint", computed);
	}
	if (source != NULL)
		c->fingerprint = ke_json_string(c->rec, "fingerprint");
	if (choice != NULL)
		c->choice = ke_json_print(choice);
	if (strategy != NULL)
		c->strategy = ke_strndup(strategy,
		    strnlen(strategy, STRATEGY_MAX));
}

void
commit_prepare(struct store *st, struct commit *c, cJSON *rec,
    const char *run)
{
	*c = (struct commit){.rec = rec};
	if (run != NULL && ke_json_string(rec, "run") == NULL)
		ke_json_set_string(rec, "run", run);
	cJSON_DeleteItemFromObjectCaseSensitive(rec, "context");
	read_eval(c);
	read_proposal(c);
	c->row = row_make(rec, 0, false);
	take(st, &c->source, rec, "source");
	take(st, &c->prompt, rec, "prompt");
	take(st, &c->eval, rec, "eval");
	take(st, &c->profile, rec, "profile");
	object_make(st, &c->rest, ke_json_print(rec));
}

void
commit_free(struct commit *c)
{
	cJSON_Delete(c->rec);
	cJSON_Delete(c->row);
	free(c->env_key);
	free(c->strategy);
	free(c->choice);
	object_free(&c->source);
	object_free(&c->prompt);
	object_free(&c->eval);
	object_free(&c->profile);
	object_free(&c->rest);
}

/* A node's key and depth; node is 0 where there is none of that id. */
struct place {
	int64_t node, depth;
};

static struct place
find_node(struct store *st, const char *id)
{
	sqlite3_stmt *q;
	struct place p = {0, -1};

	if (id == NULL)
		return p;
	q = SQL(st, "SELECT node, depth FROM nodes WHERE id = ?", v_text(id));
	if (sql_next(st, q)) {
		p.node = sqlite3_column_int64(q, 0);
		p.depth = sqlite3_column_int64(q, 1);
		sql_end(q);
	}
	return p;
}

/* The row of an earlier commit, told as late; NULL where q finds none. */
static char *
late_row(struct store *st, sqlite3_stmt *q)
{
	struct ke_err e;
	cJSON *row;
	char *text;

	if (!sql_next(st, q))
		return NULL;
	row = ke_json_parse(sql_text(q, 0), strlen(sql_text(q, 0)), &e);
	sql_end(q);
	ke_json_set(row, "late", cJSON_CreateTrue());
	text = ke_json_print(row);
	cJSON_Delete(row);
	return text;
}

/* The xid counts as the record's own where no lease gave it another id. */
static void
check_xid(struct store *st, const struct run *run, struct commit *c)
{
	const char *xid = ke_json_string(c->rec, "xid"),
	    *id = ke_json_string(c->rec, "id");

	if (xid == NULL || sql_int(st, SQL(st, "SELECT 1 FROM leases "
	    "WHERE run = ? AND xid = ? AND id IS NOT ?", v_int(run->run),
	    v_text(xid), v_text(id)), 0) == 0)
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

static void
put_eval(struct store *st, const struct run *run, const struct commit *c,
    int64_t node, bool settled)
{
	int64_t eval = object_keep(st, &c->eval),
	    profile = object_keep(st, &c->profile);

	if (eval == 0)
		return;
	sql_do(st, SQL(st, "INSERT INTO evals(node, run, fingerprint, effort, "
	    "env_key, settled, status, score, record, profile) "
	    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", v_int(node),
	    v_int(run->run), v_text(c->fingerprint), v_text(c->effort),
	    v_text(c->env_key), v_int(settled), v_text(c->status),
	    v_real(c->score), v_int(eval), v_ref(profile)));
}

static void
put_usage(struct store *st, const struct run *run, int64_t seq,
    const cJSON *row)
{
	static const char *const names[] = {
	    "tokens", "money", "joules", "seconds"};
	struct value v[KE_LEN(names)];
	bool any = false;

	for (size_t i = 0; i < KE_LEN(names); i++) {
		bool there = ke_json_get(row, names[i]) != NULL;

		v[i] = there ? v_real(ke_json_number(row, names[i], 0))
		    : v_text(NULL);
		any = any || there;
	}
	if (any)
		sql_do(st, SQL(st, "INSERT INTO usage(run, seq, tokens, money, "
		    "joules, seconds) VALUES(?, ?, ?, ?, ?, ?)",
		    v_int(run->run), v_int(seq), v[0], v[1], v[2], v[3]));
}

static int64_t
next_seq(struct store *st, const struct run *run)
{
	return sql_int(st, SQL(st, "SELECT coalesce(max(seq), 0) + 1 "
	    "FROM commits WHERE run = ?", v_int(run->run)), 1);
}

/* Writes the row; tried (may be NULL) is what later expansions are told. */
static char *
put_row(struct store *st, const struct run *run, const struct commit *c,
    int64_t node, int64_t seq, int64_t source, const char *status,
    double score)
{
	bool telling = source != 0 && strcmp(c->phase, "confirm") != 0 &&
	    strcmp(status, "duplicate") != 0;
	char *text, *tried = NULL;

	ke_json_set_number(c->row, "seq", (double)seq);
	ke_json_set_string(c->row, "status", status);
	ke_json_set_number(c->row, "score", score);
	text = ke_json_print(c->row);
	if (telling) {
		cJSON *t = row_tried(c->row, c->rec, c->source.hash);

		tried = ke_json_print(t);
		cJSON_Delete(t);
	}
	sql_do(st, SQL(st, "INSERT INTO commits(run, seq, node, xid, source, "
	    "row, tried) VALUES(?, ?, ?, ?, ?, ?, ?)", v_int(run->run),
	    v_int(seq), v_int(node), v_text(ke_json_string(c->row, "xid")),
	    v_ref(source), v_text(text), v_text(tried)));
	put_usage(st, run, seq, c->row);
	free(tried);
	return text;
}

static int64_t
put_node(struct store *st, const struct run *run, const struct commit *c,
    int64_t seq, int64_t source, const char *status, double score)
{
	const cJSON *island = ke_json_get(c->row, "island");

	sql_do(st, SQL(st, "INSERT INTO nodes(id, run, seq, pid, xid, phase, "
	    "depth, island, status, score, fingerprint, choice, strategy, "
	    "source, prompt, record) "
	    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    v_text(ke_json_string(c->row, "id")), v_int(run->run), v_int(seq),
	    v_text(ke_json_string(c->row, "pid")),
	    v_text(ke_json_string(c->row, "xid")), v_text(c->phase),
	    v_int((int64_t)ke_json_number(c->row, "depth", 0)),
	    island == NULL ? v_text(NULL) : v_int((int64_t)island->valuedouble),
	    v_text(status), v_real(score), v_text(c->fingerprint),
	    v_text(c->choice), v_text(c->strategy), v_ref(source),
	    v_ref(object_keep(st, &c->prompt)),
	    v_int(object_keep(st, &c->rest))));
	return sqlite3_last_insert_rowid(st->db);
}

static void
put_edge(struct store *st, int64_t child, int64_t place, int64_t parent)
{
	sql_do(st, SQL(st, "INSERT INTO edges(child, place, parent) "
	    "VALUES(?, ?, ?)", v_int(child), v_int(place), v_int(parent)));
}

/* Keeps what can be kept where the record names a parent that isn't there:
 * the node has failed, and its row names no parent. */
static void
orphan(struct store *st, struct commit *c, const char *pid)
{
	if (!ke_record_failed(c->rec))
		ke_record_error(c->rec, "ke-store", "unknown_parent",
		    "pid: no node %s", pid);
	c->failed = true;
	c->status = strcmp(c->status, "lost") == 0 ? "lost" : "error";
	c->score = 0;
	object_free(&c->rest);
	object_make(st, &c->rest, ke_json_print(c->rec));
	cJSON_DeleteItemFromObjectCaseSensitive(c->row, "pid");
	cJSON_DeleteItemFromObjectCaseSensitive(c->row, "pids");
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
	const char *pid = ke_json_string(c->rec, "pid"), *status;
	struct place parent = find_node(st, pid);
	int64_t seq = next_seq(st, run), source, node;
	char id[ID_SIZE];
	bool duplicate;
	double score;

	if (ke_json_string(c->rec, "id") == NULL) {
		id_draw(st, id);
		ke_json_set_string(c->row, "id", id);
	}
	if (pid != NULL && parent.node == 0)
		orphan(st, c, pid);
	duplicate = find_settled(st, run, c) != 0;
	status = duplicate ? "duplicate" : c->status;
	score = duplicate ? 0 : c->score;
	ke_json_set_number(c->row, "depth", (double)(parent.depth + 1));
	source = object_keep(st, &c->source);
	node = put_node(st, run, c, seq, source, status, score);
	put_edges(st, c, node, parent.node);
	c->score = score;
	put_eval(st, run, c, node, !duplicate && settles(c));
	return put_row(st, run, c, node, seq, source, status, score);
}

/* A second evaluation of a node: what is settled in full effort replaces what
 * the node was known by.  Where the run has that already, the row repeats it,
 * because each expansion must come back. */
static char *
put_confirm(struct store *st, const struct run *run, struct commit *c,
    struct place p)
{
	int64_t earlier = find_settled(st, run, c), seq = next_seq(st, run);
	const char *status = c->status;
	char *kept = NULL, *row;
	double score = c->score;

	ke_json_set_number(c->row, "depth", (double)p.depth);
	if (earlier != 0) {
		sqlite3_stmt *q = SQL(st, "SELECT status, score FROM evals "
		    "WHERE eval = ?", v_int(earlier));

		if (sql_next(st, q)) {
			status = kept = sql_copy(q, 0);
			score = sqlite3_column_double(q, 1);
		}
		sql_end(q);
		c->score = 0;
	}
	put_eval(st, run, c, p.node, earlier == 0 && settles(c));
	if (earlier == 0 && settles(c))
		sql_do(st, SQL(st, "UPDATE nodes SET status = ?, score = ? "
		    "WHERE node = ?", v_text(status), v_real(score),
		    v_int(p.node)));
	row = put_row(st, run, c, p.node, seq, 0, status, score);
	free(kept);
	return row;
}

/* The row there is, where the record comes late or a second time. */
static char *
find_late(struct store *st, const struct run *run, const struct commit *c,
    struct place p)
{
	const char *xid = ke_json_string(c->rec, "xid");
	char *row = NULL;

	if (xid != NULL)
		row = late_row(st, SQL(st, "SELECT row FROM commits "
		    "WHERE run = ? AND xid = ?", v_int(run->run),
		    v_text(xid)));
	if (row == NULL && p.node != 0 &&
	    (xid == NULL || strcmp(c->phase, "confirm") != 0))
		row = late_row(st, SQL(st, "SELECT row FROM commits "
		    "WHERE node = ? ORDER BY seq DESC LIMIT 1",
		    v_int(p.node)));
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
	check_xid(st, run, c);
	row = find_late(st, run, c, p);
	*late = row != NULL;
	if (*late)
		return row;
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
	commit_prepare(st, &c, rec, NULL);
	c.status = "lost";
	free(commit_put(st, &c, &late, &e));
	commit_free(&c);
}
