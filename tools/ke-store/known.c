/* ke-store known: fills in what was measured before. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "object.h"
#include "record.h"
#include "run.h"
#include "verbs.h"

struct known {
	struct store st;
	const char *key; /* of the environment, or NULL for the run's */
};

static const char *
key_of(struct known *k, const cJSON *rec)
{
	const char *name = ke_json_string(rec, "run");
	const struct run *run;
	struct ke_err e;

	if (k->key != NULL || name == NULL)
		return k->key;
	run = run_find(&k->st, name, &e);
	return run == NULL ? NULL : run->env_key;
}

static void
name_candidate(cJSON *rec)
{
	char fingerprint[KE_FINGERPRINT];

	if (ke_json_string(rec, "fingerprint") != NULL)
		return;
	ke_fingerprint(ke_json_string(rec, "source"),
	    ke_json_object(rec, "choice"), NULL, fingerprint);
	ke_json_set_string(rec, "fingerprint", fingerprint);
}

/* The objects of the newest evaluation that holds; false for none. */
static bool
find(struct known *k, const cJSON *rec, int64_t object[2])
{
	const char *effort =
	    ke_json_string(ke_json_object(rec, "select"), "effort");
	sqlite3_stmt *q = SQL(&k->st, "SELECT e.record, e.profile "
	    "FROM evals e JOIN runs r USING(run) WHERE e.settled "
	    "AND e.fingerprint = ? AND e.effort = ? AND e.env_key = ? "
	    "AND r.op = ? AND r.target = ? AND r.dtype = ? "
	    "ORDER BY e.eval DESC LIMIT 1",
	    v_text(ke_json_string(rec, "fingerprint")),
	    v_text(effort == NULL ? "quick" : effort), v_text(key_of(k, rec)),
	    v_text(ke_json_string(rec, "op")),
	    v_text(ke_json_string(rec, "target")),
	    v_text(ke_json_string(rec, "dtype")));

	if (!sql_next(&k->st, q))
		return false;
	object[0] = sqlite3_column_int64(q, 0);
	object[1] = sqlite3_column_int64(q, 1);
	sql_end(q);
	return true;
}

/* The object as JSON; NULL where it can't be read, which is said. */
static cJSON *
read_json(struct known *k, int64_t object, const char *where)
{
	struct ke_err e;
	char *text = object_text(&k->st, object, &e);
	cJSON *v = text == NULL ? NULL : ke_json_parse(text, strlen(text), &e);

	if (v == NULL)
		warnx("%s: %s (ke-store fsck says more)", where, e.msg);
	free(text);
	return v;
}

static int
known_each(cJSON *rec, const char *where, void *arg)
{
	struct known *k = arg;
	int64_t object[2];
	cJSON *eval;

	if (ke_record_failed(rec) || ke_json_string(rec, "source") == NULL ||
	    ke_json_object(rec, "eval") != NULL)
		return ke_filter_emit(rec);
	name_candidate(rec);
	if (!find(k, rec, object) ||
	    (eval = read_json(k, object[0], where)) == NULL)
		return ke_filter_emit(rec);
	ke_json_set(eval, "known", cJSON_CreateTrue());
	ke_json_set(rec, "eval", eval);
	if (object[1] != 0 && ke_json_get(rec, "profile") == NULL) {
		cJSON *profile = read_json(k, object[1], where);

		if (profile != NULL)
			ke_json_set(rec, "profile", profile);
	}
	return ke_filter_emit(rec);
}

int
verb_known(struct options *o, int argc, char **argv)
{
	struct known k = {0};
	int c;

	while ((c = getopt(argc, argv, "+k:")) != -1)
		switch (c) {
		case 'k':
			k.key = optarg;
			break;
		default:
			usage();
		}
	store_open(&k.st, o->dir, o->wait_ms, false);
	return ke_filter(argv + optind, known_each, &k, NULL);
}
