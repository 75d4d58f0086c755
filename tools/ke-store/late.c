/* Records that come late or a second time. */
#include <err.h>
#include <string.h>

#include "late.h"

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
	if (row == NULL)
		errx(111, "%s: a row: %s", st->path, e.msg);
	sql_end(q);
	ke_json_set(row, "late", cJSON_CreateTrue());
	text = ke_json_print(row);
	cJSON_Delete(row);
	return text;
}

char *
late_find(struct store *st, const struct run *run, const struct commit *c,
    int64_t node)
{
	const char *xid = ke_json_string(c->rec, "xid");
	char *row = NULL;

	if (xid != NULL)
		row = late_row(st, SQL(st, "SELECT row FROM commits "
		    "WHERE run = ? AND xid = ?", v_int(run->run),
		    v_text(xid)));
	if (row == NULL && node != 0 && strcmp(c->phase, "confirm") != 0)
		row = late_row(st, SQL(st, "SELECT row FROM commits c "
		    "JOIN nodes n ON n.run = c.run AND n.seq = c.seq "
		    "WHERE n.node = ?", v_int(node)));
	return row;
}
