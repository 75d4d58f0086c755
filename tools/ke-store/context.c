/* What happened around an expansion.  Every part is bounded, so that an
 * expansion costs the same in a run of a hundred nodes and of a million. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "object.h"
#include "reuse.h"

#define NEAR_MAX 16   /* ancestors, and siblings */
#define TRIED_MAX 128 /* of ke-record(5) */
#define TRIED_SCAN 1024
#define MODELS_SCAN 256
#define MODELS_MAX 64
#define REUSED_MAX 3
#define REUSED_RUNS 32 /* the newest others, among which the best are sought */

void
origin_find(struct store *st, struct origin *o, const char *id)
{
	sqlite3_stmt *q = SQL(st, "SELECT node, depth, source, id, choice, "
	    "fingerprint, status, score, pid, eval FROM nodes WHERE id = ?",
	    v_text(id));

	*o = (struct origin){0};
	if (id == NULL || !sql_next(st, q))
		return;
	*o = (struct origin){.node = sqlite3_column_int64(q, 0),
	    .depth = sqlite3_column_int64(q, 1),
	    .source = sqlite3_column_int64(q, 2), .id = sql_copy(q, 3),
	    .choice = sql_copy(q, 4), .fingerprint = sql_copy(q, 5),
	    .status = sql_copy(q, 6), .score = sqlite3_column_double(q, 7),
	    .pid = sql_copy(q, 8), .eval = sqlite3_column_int64(q, 9)};
	sql_end(q);
}

void
origin_free(struct origin *o)
{
	free(o->id);
	free(o->pid);
	free(o->choice);
	free(o->fingerprint);
	free(o->status);
	*o = (struct origin){0};
}

char *
origin_source(struct store *st, const struct origin *o, struct ke_err *e)
{
	if (o->source != 0)
		return object_text(st, o->source, e);
	ke_fail(e, "node %s has no source", o->id);
	return NULL;
}

/* Sets a member to JSON that was stored as text. */
static void
set_raw(cJSON *o, const char *name, const char *json)
{
	if (json != NULL && *json != '\0')
		ke_json_set(o, name, cJSON_CreateRaw(json));
}

static int
set_object(struct store *st, cJSON *o, const char *name, int64_t object,
    struct ke_err *e)
{
	char *text;

	if (object == 0)
		return 0;
	text = object_text(st, object, e);
	if (text == NULL)
		return -1;
	set_raw(o, name, text);
	free(text);
	return 0;
}

static int
set_source(struct store *st, cJSON *o, int64_t object, struct ke_err *e)
{
	char *text;

	if (object == 0)
		return 0;
	text = object_text(st, object, e);
	if (text == NULL)
		return -1;
	ke_json_set_string(o, "source", text);
	free(text);
	return 0;
}

static int
set_eval(struct store *st, cJSON *o, int64_t key, struct ke_err *e)
{
	sqlite3_stmt *q = SQL(st, "SELECT record, profile FROM evals "
	    "WHERE eval = ?", v_int(key));
	int64_t eval, profile;

	if (!sql_next(st, q))
		return 0;
	eval = sqlite3_column_int64(q, 0);
	profile = sqlite3_column_int64(q, 1);
	sql_end(q);
	if (set_object(st, o, "eval", eval, e) == -1)
		return -1;
	return set_object(st, o, "profile", profile, e);
}

static int
set_parent(struct store *st, cJSON *context, const char *name,
    const struct origin *p, struct ke_err *e)
{
	cJSON *o;

	if (p->node == 0)
		return 0;
	o = cJSON_CreateObject();
	ke_json_set(context, name, o);
	ke_json_set_string(o, "id", p->id);
	if (set_source(st, o, p->source, e) == -1)
		return -1;
	set_raw(o, "choice", p->choice);
	if (set_eval(st, o, p->eval, e) == -1)
		return -1;
	ke_json_set_number(o, "score", p->score);
	return 0;
}

/* An array of id, status, score, choice, strategy, detail; none where q has no
 * row. */
static void
set_nodes(struct store *st, cJSON *context, const char *name, sqlite3_stmt *q)
{
	cJSON *all = NULL;

	while (sql_next(st, q)) {
		cJSON *o = cJSON_CreateObject();

		ke_json_set_string(o, "id", sql_text(q, 0));
		ke_json_set_string(o, "status", sql_text(q, 1));
		ke_json_set_number(o, "score", sqlite3_column_double(q, 2));
		set_raw(o, "choice", sql_text(q, 3));
		if (sql_text(q, 4) != NULL)
			ke_json_set_string(o, "strategy", sql_text(q, 4));
		if (sql_text(q, 5) != NULL)
			ke_json_set_string(o, "detail", sql_text(q, 5));
		if (all == NULL)
			all = cJSON_CreateArray();
		cJSON_AddItemToArray(all, o);
	}
	if (all != NULL)
		ke_json_set(context, name, all);
}

static void
set_ancestors(struct store *st, cJSON *context, int64_t parent)
{
	set_nodes(st, context, "ancestors", SQL(st,
	    "WITH RECURSIVE up(node, n) AS ("
	    " SELECT parent, 1 FROM nodes WHERE node = ?1"
	    " UNION ALL"
	    " SELECT p.parent, n + 1 FROM up JOIN nodes p USING(node)"
	    " WHERE n < ?2) "
	    "SELECT id, status, score, choice, strategy, detail "
	    "FROM up JOIN nodes USING(node) ORDER BY n",
	    v_int(parent), v_int(NEAR_MAX)));
}

static void
set_siblings(struct store *st, cJSON *context, int64_t parent)
{
	set_nodes(st, context, "siblings", SQL(st,
	    "SELECT id, status, score, choice, strategy, detail "
	    "FROM edges e JOIN nodes n ON n.node = e.child "
	    "WHERE e.parent = ? AND e.place = 0 "
	    "ORDER BY e.child DESC LIMIT ?", v_int(parent), v_int(NEAR_MAX)));
}

/* Steps that were of no use and not spoiled by the moment, newest first, each
 * strategy once for each way in which it failed: those of the parent (near)
 * and of its ancestors (far). */
static void
set_failed(struct store *st, cJSON *context, int64_t parent, bool near,
    bool far)
{
	set_nodes(st, context, "failed", SQL(st,
	    "WITH RECURSIVE up(node, n) AS ("
	    " SELECT ?1, 0"
	    " UNION ALL"
	    " SELECT p.parent, n + 1 FROM up JOIN nodes p USING(node)"
	    " WHERE n < ?2 AND p.parent IS NOT NULL) "
	    "SELECT c.id, c.status, c.score, c.choice, c.strategy, c.detail,"
	    " max(c.node) AS newest "
	    "FROM up JOIN nodes p ON p.node = up.node "
	    "JOIN nodes c ON c.node IN ("
	    " SELECT e.child FROM edges e"
	    " WHERE e.parent = up.node AND e.place = 0"
	    " ORDER BY e.child DESC LIMIT ?2) "
	    "WHERE (up.n = 0 AND ?3 OR up.n > 0 AND ?4)"
	    " AND c.strategy IS NOT NULL"
	    " AND c.status NOT IN ('lost', 'duplicate', 'throttled', 'noisy',"
	    "  'invalid', 'quarantined')"
	    " AND c.score <= p.score "
	    "GROUP BY c.strategy, c.status ORDER BY newest DESC LIMIT ?2",
	    v_int(parent), v_int(NEAR_MAX), v_int(near), v_int(far)));
}

static int
set_best(struct store *st, cJSON *context, const struct run *run,
    int64_t parent, struct ke_err *e)
{
	sqlite3_stmt *q = SQL(st, "SELECT node, id, score, choice, source "
	    "FROM nodes WHERE run = ? AND score > 0 "
	    "ORDER BY score DESC LIMIT 1", v_int(run->run));
	int64_t node, source;
	cJSON *o;

	if (!sql_next(st, q))
		return 0;
	o = cJSON_CreateObject();
	ke_json_set(context, "best", o);
	node = sqlite3_column_int64(q, 0);
	source = sqlite3_column_int64(q, 4);
	ke_json_set_string(o, "id", sql_text(q, 1));
	ke_json_set_number(o, "score", sqlite3_column_double(q, 2));
	set_raw(o, "choice", sql_text(q, 3));
	sql_end(q);
	return node == parent ? 0 : set_source(st, o, source, e);
}

/* Adds the column's texts to an array that is being written. */
static int
add_texts(struct store *st, struct ke_buf *b, sqlite3_stmt *q)
{
	int n = 0;

	for (; sql_next(st, q); n++) {
		ke_buf_str(b, b->n > 1 ? "," : "");
		ke_buf_str(b, sql_text(q, 0));
	}
	return n;
}

/* What is out comes first: its proposal isn't known yet. */
static int
add_pending(struct store *st, struct ke_buf *b, const struct run *run,
    int64_t source, bool draft)
{
	return add_texts(st, b, SQL(st,
	    "SELECT json_object('id', id, 'status', 'pending') FROM leases "
	    "WHERE run = ?1 AND (?2 OR source = ?3) "
	    "ORDER BY lease DESC LIMIT ?4",
	    v_int(run->run), v_int(draft), v_ref(source),
	    v_int(TRIED_MAX / 2)));
}

static void
set_tried(struct store *st, cJSON *context, const struct run *run,
    int64_t source, bool draft)
{
	struct ke_buf b = {0};
	int left = TRIED_MAX;

	ke_buf_str(&b, "[");
	left -= add_pending(st, &b, run, source, draft);
	if (draft)
		left -= add_texts(st, &b, SQL(st, "SELECT tried FROM ("
		    "SELECT tried FROM commits WHERE run = ? "
		    "ORDER BY seq DESC LIMIT ?) "
		    "WHERE tried IS NOT NULL LIMIT ?", v_int(run->run),
		    v_int(TRIED_SCAN), v_int(left)));
	else
		left -= add_texts(st, &b, SQL(st, "SELECT tried FROM commits "
		    "WHERE run = ? AND source = ? AND tried IS NOT NULL "
		    "ORDER BY seq DESC LIMIT ?", v_int(run->run),
		    v_int(source), v_int(left)));
	ke_buf_str(&b, "]");
	if (left < TRIED_MAX)
		set_raw(context, "tried", b.s);
	ke_buf_free(&b);
}

/* What the models that the run's newest nodes were asked of came to: what is
 * found by rows' text is cheap where no model was asked. */
static void
set_models(struct store *st, cJSON *context, const struct run *run)
{
	sqlite3_stmt *q = SQL(st, "SELECT model, count(*), "
	    "sum(c.score > coalesce(p.score, 0)), sum(tokens), sum(money) "
	    "FROM (SELECT row ->> '$.model' AS model, row ->> '$.pid' AS pid, "
	    "row ->> '$.score' AS score, tokens, money FROM (SELECT row, "
	    "tokens, money FROM commits WHERE run = ?1 ORDER BY seq DESC "
	    "LIMIT ?2) WHERE instr(row, '\"model\"') > 0 "
	    "AND row ->> '$.phase' <> 'confirm') c "
	    "LEFT JOIN nodes p ON p.id = c.pid WHERE model IS NOT NULL "
	    "GROUP BY model ORDER BY model LIMIT ?3",
	    v_int(run->run), v_int(MODELS_SCAN), v_int(MODELS_MAX));
	static const char *const sums[] = {"nodes", "better", "tokens", "usd"};
	cJSON *all = NULL;

	while (sql_next(st, q)) {
		cJSON *o = cJSON_CreateObject();

		ke_json_set_string(o, "model", sql_text(q, 0));
		for (int i = 0; i < (int)KE_LEN(sums); i++)
			if (sqlite3_column_type(q, i + 1) != SQLITE_NULL)
				ke_json_set_number(o, sums[i],
				    sqlite3_column_double(q, i + 1));
		if (all == NULL)
			all = cJSON_CreateArray();
		cJSON_AddItemToArray(all, o);
	}
	if (all != NULL)
		ke_json_set(context, "models", all);
}

/* The best nodes of other runs of the same operator, target, language and
 * element type: a draft may start where they ended. */
static int
set_reused(struct store *st, cJSON *context, const struct run *run,
    struct ke_err *e)
{
	sqlite3_stmt *q = SQL(st, "SELECT r.name, n.id, n.score, n.choice, "
	    "n.source FROM (SELECT run, name FROM runs WHERE run <> ?1 "
	    "AND op = ?2 AND target = ?3 AND language = ?4 AND dtype = ?5 "
	    "ORDER BY run DESC LIMIT ?6) r JOIN nodes n "
	    "ON n.node = (SELECT node FROM nodes b WHERE b.run = r.run "
	    "AND score > 0 ORDER BY score DESC LIMIT 1) "
	    "ORDER BY n.score DESC LIMIT ?7", v_int(run->run),
	    v_text(run->op), v_text(run->target), v_text(run->language),
	    v_text(run->dtype), v_int(REUSED_RUNS), v_int(REUSED_MAX));
	cJSON *all = cJSON_CreateArray();
	int got = 0;

	while (got == 0 && sql_next(st, q)) {
		cJSON *o = cJSON_CreateObject();

		cJSON_AddItemToArray(all, o);
		ke_json_set_string(o, "run", sql_text(q, 0));
		ke_json_set_string(o, "id", sql_text(q, 1));
		ke_json_set_number(o, "score", sqlite3_column_double(q, 2));
		got = set_source(st, o, sqlite3_column_int64(q, 4), e);
		set_raw(o, "choice", sql_text(q, 3));
	}
	sql_end(q);
	if (cJSON_GetArraySize(all) > 0)
		ke_json_set(context, "reused", all);
	else
		cJSON_Delete(all);
	return got;
}

/* The best nodes of runs that are like this one, in operator or target. */
static int
set_similar(struct store *st, cJSON *context, const struct run *run,
    struct ke_err *e)
{
	sqlite3_stmt *q = reuse_similar(st, run, REUSED_MAX);
	cJSON *all = cJSON_CreateArray();
	int got = 0;

	while (got == 0 && sql_next(st, q)) {
		int64_t source;
		cJSON *o = reuse_entry(q, &source);

		cJSON_AddItemToArray(all, o);
		got = set_source(st, o, source, e);
	}
	sql_end(q);
	if (cJSON_GetArraySize(all) > 0)
		ke_json_set(context, "similar", all);
	else
		cJSON_Delete(all);
	return got;
}

static bool
remembers(const char *memory, const char *what)
{
	return strcmp(memory, "both") == 0 || strcmp(memory, what) == 0;
}

cJSON *
context_make(struct store *st, const struct run *run,
    const struct origin *parent, const struct origin *second,
    const char *memory, bool draft, struct ke_err *e)
{
	cJSON *context = cJSON_CreateObject(), *env;

	if (set_parent(st, context, "parent", parent, e) == -1 ||
	    set_parent(st, context, "parent2", second, e) == -1)
		goto fail;
	if (parent->node != 0 && remembers(memory, "parent"))
		set_ancestors(st, context, parent->node);
	if (parent->node != 0 && remembers(memory, "siblings"))
		set_siblings(st, context, parent->node);
	if (parent->node != 0 && strcmp(memory, "none") != 0)
		set_failed(st, context, parent->node,
		    remembers(memory, "siblings"),
		    remembers(memory, "parent"));
	if (strcmp(memory, "none") != 0 &&
	    set_best(st, context, run, parent->node, e) == -1)
		goto fail;
	if (draft || parent->source != 0)
		set_tried(st, context, run, parent->source, draft);
	set_models(st, context, run);
	if ((env = run_env(run)) != NULL)
		ke_json_set(context, "env", env);
	if (draft && (set_reused(st, context, run, e) == -1 ||
	    set_similar(st, context, run, e) == -1))
		goto fail;
	return context;
fail:
	cJSON_Delete(context);
	return NULL;
}
