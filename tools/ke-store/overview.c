/* A node as a person reads of it. */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "object.h"
#include "overview.h"

#define LINE_MAX_BYTES 400
#define LOG_MAX 2000
#define NEAR_MAX 8 /* ancestors */

struct overview {
	struct store *st;
	int64_t node, parent;
	char *choice; /* or NULL */
	double score, parent_score;
	cJSON *rec, *eval, *profile; /* or NULL */
	struct ke_buf b;
};

/* Text of others on one line: the record's own newlines would end a list. */
static void
add_line(struct ke_buf *b, const char *before, const char *s)
{
	char *copy;

	if (s == NULL || *s == '\0')
		return;
	copy = ke_strndup(s, strnlen(s, LINE_MAX_BYTES));
	ke_tidy(copy);
	ke_buf_fmt(b, "%s%s\n", before, copy);
	free(copy);
}

static void
add_number(struct ke_buf *b, const char *format, const cJSON *o,
    const char *name)
{
	const cJSON *v = ke_json_get(o, name);

	if (!cJSON_IsNumber(v))
		return;
	ke_buf_str(b, format);
	ke_buf_fmt(b, "%.4g", v->valuedouble);
}

static cJSON *
read_json(struct store *st, int64_t object, struct ke_err *e)
{
	char *text = object_text(st, object, e);
	cJSON *v = text == NULL ? NULL : ke_json_parse(text, strlen(text), e);

	free(text);
	return v;
}

/* Reads the node and its title.  -1 with the reason. */
static int
read_node(struct overview *o, struct ke_err *e)
{
	sqlite3_stmt *q = SQL(o->st, "SELECT n.record, e.record, e.profile, "
	    "n.parent, n.choice, n.score, r.op, r.target, r.dtype, n.id, "
	    "r.name, n.seq, p.score FROM nodes n JOIN runs r USING(run) "
	    "LEFT JOIN evals e USING(eval) LEFT JOIN nodes p "
	    "ON p.node = n.parent WHERE n.node = ?", v_int(o->node));
	int64_t eval, profile;

	if (!sql_next(o->st, q))
		return ke_fail(e, "no such node");
	eval = sqlite3_column_int64(q, 1);
	profile = sqlite3_column_int64(q, 2);
	o->parent = sqlite3_column_int64(q, 3);
	o->choice = sql_copy(q, 4);
	o->score = sqlite3_column_double(q, 5);
	o->parent_score = sqlite3_column_double(q, 12);
	ke_buf_fmt(&o->b, "# %s on %s, %s: node %s\n\nRun %s, seq %s.\n",
	    sql_text(q, 6), sql_text(q, 7), sql_text(q, 8), sql_text(q, 9),
	    sql_text(q, 10), sql_text(q, 11));
	o->rec = read_json(o->st, sqlite3_column_int64(q, 0), e);
	sql_end(q);
	if (o->rec == NULL || (eval != 0 &&
	    (o->eval = read_json(o->st, eval, e)) == NULL) || (profile != 0 &&
	    (o->profile = read_json(o->st, profile, e)) == NULL))
		return -1;
	return 0;
}

/* The run's traits: what a search for words finds it by. */
static void
tell_traits(struct overview *o)
{
	sqlite3_stmt *q = SQL(o->st, "SELECT group_concat(substr(trait, 5), "
	    "', ') FROM (SELECT trait FROM traits WHERE run = (SELECT run "
	    "FROM nodes WHERE node = ?) AND trait LIKE 'tag:%' "
	    "ORDER BY trait)", v_int(o->node));

	if (sql_next(o->st, q)) {
		add_line(&o->b, "Tags: ", sql_text(q, 0));
		sql_end(q);
	}
}

/* What the choice is, and what the parent's was. */
static void
tell_choice(struct overview *o, const char *parents)
{
	cJSON *mine = o->choice == NULL ? NULL : cJSON_Parse(o->choice),
	    *old = parents == NULL ? NULL : cJSON_Parse(parents);
	const cJSON *v;

	cJSON_ArrayForEach(v, mine) {
		const cJSON *was = ke_json_get(old, v->string);
		char *a = ke_json_print(v),
		    *b = was == NULL ? NULL : ke_json_print(was);

		ke_buf_fmt(&o->b, "%s%s = %s", v == mine->child
		    ? "- choice: " : ", ", v->string, a);
		if (b != NULL && strcmp(a, b) != 0)
			ke_buf_fmt(&o->b, " (was %s)", b);
		free(a);
		free(b);
	}
	if (mine != NULL && mine->child != NULL)
		ke_buf_str(&o->b, "\n");
	cJSON_Delete(mine);
	cJSON_Delete(old);
}

static void
tell_parents(struct overview *o)
{
	sqlite3_stmt *q = SQL(o->st, "SELECT id, status, score, choice "
	    "FROM nodes WHERE node = ?", v_ref(o->parent));
	char *choice = NULL;
	const cJSON *v;

	if (sql_next(o->st, q)) {
		ke_buf_fmt(&o->b, "- from %s (%s, score %.4g)\n",
		    sql_text(q, 0), sql_text(q, 1),
		    sqlite3_column_double(q, 2));
		choice = sql_copy(q, 3);
		sql_end(q);
	}
	cJSON_ArrayForEach(v, ke_json_array(o->rec, "pids"))
		add_line(&o->b, "- and from ", cJSON_GetStringValue(v));
	tell_choice(o, choice);
	free(choice);
}

/* What led to the parent, nearest first. */
static void
tell_ancestors(struct overview *o)
{
	sqlite3_stmt *q = SQL(o->st, "WITH RECURSIVE up(node, n) AS ("
	    " SELECT ?1, 1 UNION ALL SELECT p.parent, n + 1 FROM up "
	    " JOIN nodes p USING(node) WHERE n < ?2) "
	    "SELECT id, score, coalesce(strategy, phase) "
	    "FROM up JOIN nodes USING(node) ORDER BY n", v_ref(o->parent),
	    v_int(NEAR_MAX));

	while (sql_next(o->st, q)) {
		ke_buf_fmt(&o->b, "- before it: %s, score %.4g",
		    sql_text(q, 0), sqlite3_column_double(q, 1));
		add_line(&o->b, ": ", sql_text(q, 2));
	}
}

static void
tell_tried(struct overview *o)
{
	const cJSON *select = ke_json_object(o->rec, "select"),
	    *gen = ke_json_object(o->rec, "gen");
	const char *model = ke_json_string(gen, "model");

	tell_traits(o);
	ke_buf_str(&o->b, "\n## What was tried\n\n");
	add_line(&o->b, "- ", ke_json_string(gen, "strategy"));
	tell_parents(o);
	add_line(&o->b, "- policy: ", ke_json_string(select, "policy"));
	add_line(&o->b, "- chosen because: ", ke_json_string(select, "why"));
	add_line(&o->b, "- written by: ", model != NULL ? model
	    : ke_json_string(gen, "backend"));
	tell_ancestors(o);
}

/* A timed case is a row of the table. */
static void
tell_case(struct overview *o, const cJSON *c)
{
	const cJSON *speedup = ke_json_object(c, "speedup"), *v;

	ke_buf_str(&o->b, "| ");
	cJSON_ArrayForEach(v, ke_json_object(c, "dims"))
		ke_buf_fmt(&o->b, "%s=%.0f ", v->string, v->valuedouble);
	ke_buf_fmt(&o->b, "| %.4g ", ke_json_number(c, "t_us", 0));
	add_number(&o->b, "| ", c, "baseline_us");
	if (ke_json_get(c, "baseline_us") == NULL)
		ke_buf_str(&o->b, "|");
	add_number(&o->b, " | ", speedup, "mid");
	add_number(&o->b, " (", speedup, "lo");
	add_number(&o->b, " to ", speedup, "hi");
	ke_buf_str(&o->b, speedup == NULL ? " | |\n" : ") |\n");
}

static void
tell_cases(struct overview *o)
{
	const cJSON *cases = ke_json_array(o->eval, "cases"), *c;
	int timed = 0, all = 0;

	cJSON_ArrayForEach(c, cases) {
		all++;
		if (ke_json_number(c, "t_us", 0) <= 0)
			continue;
		if (timed++ == 0)
			ke_buf_str(&o->b, "\n| case | us | baseline us "
			    "| speedup |\n|---|---|---|---|\n");
		tell_case(o, c);
	}
	if (timed > 0)
		ke_buf_fmt(&o->b, "\n%d cases were run, %d of them timed.\n",
		    all, timed);
}

static void
tell_failure(struct overview *o)
{
	const cJSON *error = ke_json_object(o->rec, "error");

	add_line(&o->b, "- failed in ", ke_json_string(error, "tool"));
	add_line(&o->b, "- code ", ke_json_string(error, "code"));
	add_line(&o->b, "- ", ke_json_string(error, "message"));
	add_line(&o->b, "- code ", ke_json_string(o->eval, "code"));
	add_line(&o->b, "- ", ke_json_string(o->eval, "detail"));
}

static void
tell_log(struct overview *o)
{
	const char *log = ke_json_string(ke_json_object(o->eval, "compile"),
	    "log");
	struct ke_buf b = {0};

	if (log == NULL || *log == '\0')
		return;
	/* indented, so that no fence in it ends it */
	for (const char *s = log; *s != '\0' && s - log < LOG_MAX;) {
		char *line = ke_strndup(s, strcspn(s, "\n"));

		ke_tidy(line);
		ke_buf_fmt(&b, "    %s\n", line);
		s += strlen(line);
		s += *s == '\n';
		free(line);
	}
	ke_buf_fmt(&o->b, "\n%s", b.s);
	ke_buf_free(&b);
}

static void
tell_outcome(struct overview *o)
{
	const cJSON *v;
	const char *status = ke_json_string(o->eval, "status");

	ke_buf_str(&o->b, "\n## What came of it\n\n");
	ke_buf_fmt(&o->b, "- %s", status != NULL ? status
	    : "it was not evaluated");
	if (o->score > 0)
		ke_buf_fmt(&o->b, ", score %.4g", o->score);
	if (o->score > 0 && o->parent_score > 0)
		ke_buf_fmt(&o->b, ", %.4g times its parent's",
		    o->score / o->parent_score);
	ke_buf_str(&o->b, "\n");
	add_line(&o->b, "- effort: ", ke_json_string(o->eval, "effort"));
	add_line(&o->b, "- baseline: ", ke_json_string(
	    ke_json_object(o->eval, "baseline"), "name"));
	tell_failure(o);
	cJSON_ArrayForEach(v, ke_json_array(o->eval, "flags"))
		add_line(&o->b, "- doubtful: ", ke_json_string(v, "detail"));
	tell_cases(o);
	tell_log(o);
}

static void
tell_profile(struct overview *o)
{
	const cJSON *bottleneck = ke_json_object(o->profile, "bottleneck"),
	    *roof = ke_json_object(o->profile, "roofline"),
	    *compile = ke_json_object(o->eval, "compile"), *v;

	ke_buf_str(&o->b, "\n## Where the time goes\n\n");
	if (o->profile == NULL)
		ke_buf_str(&o->b, "- no profile\n");
	add_line(&o->b, "- bottleneck: ", ke_json_string(bottleneck, "name"));
	add_line(&o->b, "- evidence: ", ke_json_string(bottleneck,
	    "evidence"));
	add_line(&o->b, "- advice: ", ke_json_string(bottleneck, "advice"));
	if (ke_json_get(roof, "fraction") != NULL) {
		add_number(&o->b, "- of the roof: ", roof, "fraction");
		add_line(&o->b, ", bound by ", ke_json_string(roof, "bound"));
	}
	if (ke_json_get(compile, "registers") != NULL) {
		add_number(&o->b, "- registers a thread: ", compile,
		    "registers");
		add_number(&o->b, ", shared bytes a block: ", compile,
		    "shared_bytes");
		ke_buf_str(&o->b, "\n");
	}
	cJSON_ArrayForEach(v, ke_json_array(o->profile, "passes"))
		if (!ke_json_true(v, "ok"))
			add_line(&o->b, "- not looked at: ",
			    ke_json_string(v, "why"));
}

static void
tell_children(struct overview *o)
{
	sqlite3_stmt *q = SQL(o->st, "SELECT count(*), "
	    "coalesce(sum(n.status = 'pass'), 0), max(n.score), n.id "
	    "FROM edges e JOIN nodes n ON n.node = e.child "
	    "WHERE e.parent = ? AND n.status <> 'lost'", v_int(o->node));

	ke_buf_str(&o->b, "\n## What came after\n\n");
	if (!sql_next(o->st, q) || sqlite3_column_int64(q, 0) == 0) {
		ke_buf_str(&o->b, "Nothing yet.\n");
	} else {
		ke_buf_fmt(&o->b, "- %s children, %s of them pass\n",
		    sql_text(q, 0), sql_text(q, 1));
		if (sqlite3_column_double(q, 2) > 0)
			ke_buf_fmt(&o->b, "- the best: %s, score %.4g\n",
			    sql_text(q, 3), sqlite3_column_double(q, 2));
	}
	sql_end(q);
}

static void
tell_usage(struct overview *o)
{
	sqlite3_stmt *q = SQL(o->st, "SELECT tokens, money, joules, seconds "
	    "FROM commits c JOIN nodes n ON n.run = c.run AND n.seq = c.seq "
	    "WHERE n.node = ?", v_int(o->node));
	static const char *const what[] = {"tokens", "US dollars", "joules",
	    "seconds"};
	bool any = false;

	if (!sql_next(o->st, q))
		return;
	for (int i = 0; i < (int)KE_LEN(what); i++)
		if (sqlite3_column_type(q, i) != SQLITE_NULL) {
			ke_buf_fmt(&o->b, "%s%.4g %s", any ? ", " : "\nUsed: ",
			    sqlite3_column_double(q, i), what[i]);
			any = true;
		}
	ke_buf_str(&o->b, any ? ".\n" : "");
	sql_end(q);
}

char *
overview_text(struct store *st, int64_t node, struct ke_err *e)
{
	struct overview o = {.st = st, .node = node};
	int got = read_node(&o, e);

	if (got == 0) {
		tell_tried(&o);
		tell_outcome(&o);
		tell_profile(&o);
		tell_children(&o);
		tell_usage(&o);
	}
	free(o.choice);
	cJSON_Delete(o.rec);
	cJSON_Delete(o.eval);
	cJSON_Delete(o.profile);
	if (got == -1)
		ke_buf_free(&o.b);
	return o.b.s;
}
