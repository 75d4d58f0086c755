/* What a new version of the schema holds of what was there before. */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "fill.h"
#include "object.h"
#include "row.h"
#include "traits.h"

/* The object as JSON; NULL for none, and where it can't be read, which fsck
 * tells. */
static cJSON *
read_json(struct store *st, int64_t object)
{
	struct ke_err e;
	char *text = object == 0 ? NULL : object_text(st, object, &e);
	cJSON *v = text == NULL ? NULL : ke_json_parse(text, strlen(text), &e);

	free(text);
	return v;
}

static void
fill_cases(struct store *st)
{
	sqlite3_stmt *q = sql_bound(st, "SELECT eval, record FROM evals "
	    "ORDER BY eval", NULL, 0);

	while (sql_next(st, q)) {
		cJSON *eval = read_json(st, sqlite3_column_int64(q, 1));

		cases_put(st, sqlite3_column_int64(q, 0),
		    ke_json_array(eval, "cases"));
		cJSON_Delete(eval);
	}
}

/* A node's evaluations and its commits are in the same order; a commit that
 * failed has no evaluation, or one that failed. */
static void
fill_seq(struct store *st)
{
	sql_execute(st, "WITH e AS (SELECT eval, node, status = 'error' AS bad,"
	    " row_number() OVER (PARTITION BY node, status = 'error'"
	    "  ORDER BY eval) AS n FROM evals),"
	    " c AS (SELECT seq, node,"
	    "  json_extract(row, '$.status') IN ('error', 'lost') AS bad,"
	    "  row_number() OVER (PARTITION BY node, json_extract(row,"
	    "  '$.status') IN ('error', 'lost') ORDER BY seq) AS n"
	    "  FROM commits) "
	    "UPDATE evals SET seq = c.seq FROM e JOIN c USING(node, bad, n) "
	    "WHERE e.eval = evals.eval");
}

/* Why a node failed, and what it waited for. */
static void
fill_nodes(struct store *st)
{
	sqlite3_stmt *q = sql_bound(st, "SELECT n.node, n.record, e.record, "
	    "e.profile FROM nodes n LEFT JOIN evals e USING(eval) "
	    "ORDER BY n.node", NULL, 0);

	while (sql_next(st, q)) {
		cJSON *rec = read_json(st, sqlite3_column_int64(q, 1)),
		    *profile = read_json(st, sqlite3_column_int64(q, 3));
		cJSON *eval = read_json(st, sqlite3_column_int64(q, 2));
		char *detail;

		if (rec != NULL && eval != NULL)
			ke_json_set(rec, "eval", eval);
		detail = row_detail(rec);
		sql_do(st, SQL(st, "UPDATE nodes SET detail = ?, "
		    "bottleneck = ? WHERE node = ?", v_text(detail),
		    v_text(ke_json_string(ke_json_object(profile,
		    "bottleneck"), "name")),
		    v_int(sqlite3_column_int64(q, 0))));
		free(detail);
		if (rec == NULL)
			cJSON_Delete(eval);
		cJSON_Delete(rec);
		cJSON_Delete(profile);
	}
}

/* Told later expansions as well. */
static void
fill_tried(struct store *st)
{
	sql_execute(st, "UPDATE commits SET tried = json_set(tried, "
	    "'$.detail', (SELECT detail FROM nodes n "
	    "WHERE n.node = commits.node)) WHERE tried IS NOT NULL "
	    "AND json_extract(tried, '$.detail') IS NULL "
	    "AND node IN (SELECT node FROM nodes WHERE detail IS NOT NULL)");
}

static void
fill_traits(struct store *st)
{
	sqlite3_stmt *q = sql_bound(st, "SELECT run, record FROM runs",
	    NULL, 0);

	while (sql_next(st, q)) {
		struct ke_err e;
		const char *text = sql_text(q, 1);
		cJSON *line = ke_json_parse(text, strlen(text), &e);

		traits_put(st, sqlite3_column_int64(q, 0), line);
		cJSON_Delete(line);
	}
}

void
fill_2(struct store *st)
{
	fill_cases(st);
	fill_seq(st);
	fill_nodes(st);
	fill_tried(st);
	fill_traits(st);
}
