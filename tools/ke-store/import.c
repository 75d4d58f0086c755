/* Runs that come from another store.  One of the same name is the same run
 * only where it was created in the same second from the same line: then what
 * it lacks is added. */
#include <stdlib.h>

#include "import.h"
#include "run.h"

static int
is_same(struct store *st, const char *name, const char *line, int64_t created,
    struct ke_err *e)
{
	if (sql_int(st, SQL(st, "SELECT 1 FROM runs WHERE name = ? "
	    "AND record = ? AND created = ?", v_text(name), v_text(line),
	    v_int(created)), 0) == 1)
		return 0;
	return ke_fail(e, "run %s is there, and is another (import -r gives "
	    "it another name)", name);
}

char *
import_run(struct store *st, const cJSON *mark, const char *name,
    struct ke_err *e)
{
	const cJSON *line = ke_json_object(mark, "record");
	int64_t created = 0;
	char *text;
	int got;

	if (name == NULL)
		name = ke_json_string(mark, "run");
	if (name == NULL || !run_good_name(name) || line == NULL ||
	    !ke_json_integer(ke_json_get(mark, "created"), &created)) {
		ke_fail(e, "run, created or record: missing, or not what "
		    "export writes");
		return NULL;
	}
	if (run_check(line, e) == -1)
		return NULL;
	if (run_insert(st, name, line, created,
	    ke_json_string(mark, "finished")) == 0)
		return ke_strdup(name);
	text = ke_json_print(line);
	got = is_same(st, name, text, created, e);
	free(text);
	return got == -1 ? NULL : ke_strdup(name);
}
