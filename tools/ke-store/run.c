/* Runs: looking them up, creating, listing and finishing them. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "run.h"
#include "stream.h"
#include "traits.h"
#include "verbs.h"

static void
forget(struct store *st)
{
	struct run *r = st->run;

	if (r == NULL)
		return;
	free(r->name);
	free(r->op);
	free(r->target);
	free(r->language);
	free(r->dtype);
	free(r->env_key);
	free(r->record);
	free(r);
	st->run = NULL;
}

static sqlite3_stmt *
query(struct store *st, const char *name)
{
	if (name == NULL)
		return sql_bound(st, "SELECT run, name, op, target, language, "
		    "dtype, env_key, record FROM runs ORDER BY run DESC "
		    "LIMIT 1", NULL, 0);
	return SQL(st, "SELECT run, name, op, target, language, dtype, "
	    "env_key, record FROM runs WHERE name = ?", v_text(name));
}

const struct run *
run_find(struct store *st, const char *name, struct ke_err *e)
{
	sqlite3_stmt *q;

	if (name != NULL && st->run != NULL && strcmp(st->run->name, name) == 0)
		return st->run;
	forget(st);
	q = query(st, name);
	if (!sql_next(st, q)) {
		if (name == NULL)
			ke_fail(e, "%s: no run", st->path);
		else
			ke_fail(e, "%s: no run %s", st->path, name);
		return NULL;
	}
	st->run = ke_calloc(1, sizeof(*st->run));
	*st->run = (struct run){.run = sqlite3_column_int64(q, 0),
	    .name = sql_copy(q, 1), .op = sql_copy(q, 2),
	    .target = sql_copy(q, 3), .language = sql_copy(q, 4),
	    .dtype = sql_copy(q, 5), .env_key = sql_copy(q, 6),
	    .record = sql_copy(q, 7)};
	sql_end(q);
	return st->run;
}

static cJSON *
stored(const char *text)
{
	struct ke_err e;
	cJSON *v = ke_json_parse(text, strlen(text), &e);

	if (v == NULL)
		errx(111, "the record of a run: %s", e.msg);
	return v;
}

/* Copies members of from that are there. */
static void
copy(cJSON *to, const cJSON *from, const char *const *names)
{
	for (; *names != NULL; names++) {
		const cJSON *v = ke_json_get(from, *names);

		if (v != NULL)
			ke_json_set(to, *names, cJSON_Duplicate(v, 1));
	}
}

cJSON *
run_header(const struct run *r)
{
	static const char *const names[] = {
	    "op", "target", "language", "dtype", "seed", "baseline", NULL};
	cJSON *o = cJSON_CreateObject(), *record = stored(r->record);

	ke_json_set_number(o, "v", 1);
	ke_json_set_string(o, "mark", "run");
	ke_json_set_string(o, "run", r->name);
	copy(o, record, names);
	cJSON_Delete(record);
	return o;
}

cJSON *
run_env(const struct run *r)
{
	cJSON *record = stored(r->record), *env;

	env = cJSON_DetachItemFromObjectCaseSensitive(record, "env");
	cJSON_Delete(record);
	return env;
}

bool
run_good_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:+@=-");

	return n > 0 && n <= 128 && s[n] == '\0' && s[0] != '-';
}

int
run_check(const cJSON *rec, struct ke_err *e)
{
	static const char *const need[] = {"op", "target", "language", "dtype"};

	for (size_t i = 0; i < KE_LEN(need); i++)
		if (ke_json_string(rec, need[i]) == NULL)
			return ke_fail(e, "%s: missing", need[i]);
	if (ke_json_get(rec, "env") != NULL &&
	    ke_json_string(ke_json_object(rec, "env"), "key") == NULL)
		return ke_fail(e, "env: no key in it");
	return 0;
}

int
run_insert(struct store *st, const char *name, const cJSON *rec,
    int64_t created, const char *finished)
{
	char *text = ke_json_print(rec);
	int changes;

	sql_begin_write(st);
	changes = sqlite3_total_changes(st->db);
	sql_do(st, SQL(st, "INSERT INTO runs(name, op, target, language, "
	    "dtype, env_key, record, created, finished) "
	    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
	    v_text(name), v_text(ke_json_string(rec, "op")),
	    v_text(ke_json_string(rec, "target")),
	    v_text(ke_json_string(rec, "language")),
	    v_text(ke_json_string(rec, "dtype")),
	    v_text(ke_json_string(ke_json_object(rec, "env"), "key")),
	    v_text(text), v_int(created), v_text(finished)));
	changes = sqlite3_total_changes(st->db) - changes;
	if (changes > 0)
		traits_put(st, sqlite3_last_insert_rowid(st->db), rec);
	sql_commit(st);
	free(text);
	return changes > 0 ? 0 : -1;
}

struct creation {
	struct store *st;
	const char *name;
	int lines;
};

static int
create_each(cJSON *rec, const char *where, void *arg)
{
	struct creation *c = arg;
	struct ke_err e;

	if (c->lines++ > 0) {
		warnx("%s: a run is created from one line", where);
		return KE_FILTER_REFUSED;
	}
	if (run_check(rec, &e) == -1) {
		warnx("%s: %s", where, e.msg);
		return KE_FILTER_REFUSED;
	}
	if (run_insert(c->st, c->name, rec, time(NULL), NULL) == -1) {
		warnx("%s: run %s is there already", c->st->path, c->name);
		return KE_FILTER_REFUSED;
	}
	return 0;
}

static int
create(struct store *st, const char *name, char **files)
{
	struct creation c = {.st = st, .name = name};
	int status = ke_filter(files, create_each, &c, NULL);

	if (status == 0 && c.lines == 0) {
		warnx("run %s: no line on input to create it from", name);
		return 1;
	}
	return status;
}

static int
finish(struct store *st, const char *reason, const char *name)
{
	struct ke_err e;
	const struct run *r = run_find(st, name, &e);

	if (r == NULL) {
		warnx("%s", e.msg);
		return 1;
	}
	sql_do(st, SQL(st, "UPDATE runs SET finished = ? WHERE run = ?",
	    v_text(reason), v_int(r->run)));
	return 0;
}

static void
set_time(cJSON *o, const char *name, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[64];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	ke_json_set_string(o, name, text);
}

static void
set_column(cJSON *o, const char *name, sqlite3_stmt *q, int column)
{
	switch (sqlite3_column_type(q, column)) {
	case SQLITE_NULL:
		break;
	case SQLITE_TEXT:
		ke_json_set_string(o, name, sql_text(q, column));
		break;
	default:
		ke_json_set_number(o, name, sqlite3_column_double(q, column));
	}
}

static int
show(struct store *st, const char *name)
{
	static const char *const more[] = {
	    "language", "dtype", "seed", "baseline", "env", NULL};
	static const char *const sums[] = {"nodes", "pass", "best",
	    "best_quick", "tokens", "money", "joules", "seconds", NULL};
	sqlite3_stmt *q = SQL(st,
	    "SELECT name, op, target, created, finished, record,"
	    " (SELECT count(*) FROM nodes n WHERE n.run = r.run"
	    "  AND n.status <> 'lost'),"
	    " (SELECT count(*) FROM nodes n WHERE n.run = r.run"
	    "  AND status = 'pass'),"
	    " (SELECT max(score) FROM evals e WHERE e.run = r.run"
	    "  AND effort = 'full' AND score > 0),"
	    " (SELECT max(score) FROM evals e WHERE e.run = r.run"
	    "  AND effort = 'quick' AND score > 0),"
	    " u.tokens, u.money, u.joules, u.seconds "
	    "FROM runs r LEFT JOIN (SELECT run, sum(tokens) AS tokens,"
	    " sum(money) AS money, sum(joules) AS joules,"
	    " sum(seconds) AS seconds FROM usage GROUP BY run) u USING(run) "
	    "WHERE ?1 IS NULL OR name = ?1 ORDER BY r.run", v_text(name));
	int n = 0;

	for (; sql_next(st, q); n++) {
		cJSON *o = cJSON_CreateObject(), *rec = stored(sql_text(q, 5));
		int got;

		ke_json_set_number(o, "v", 1);
		set_column(o, "name", q, 0);
		set_column(o, "op", q, 1);
		set_column(o, "target", q, 2);
		copy(o, rec, more);
		set_time(o, "created", sqlite3_column_int64(q, 3));
		set_column(o, "finished", q, 4);
		for (int i = 0; sums[i] != NULL; i++)
			set_column(o, sums[i], q, 6 + i);
		got = ke_filter_emit(o);
		cJSON_Delete(o);
		cJSON_Delete(rec);
		if (got != 0)
			return got;
	}
	if (name == NULL || n > 0)
		return 0;
	warnx("%s: no run %s", st->path, name);
	return 1;
}

int
verb_run(struct options *o, int argc, char **argv)
{
	const char *new = NULL, *reason = NULL;
	struct store st;
	int c;

	while ((c = getopt(argc, argv, "+c:x:")) != -1)
		switch (c) {
		case 'c':
			new = optarg;
			break;
		case 'x':
			reason = optarg;
			break;
		default:
			usage();
		}
	argv += optind;
	argc -= optind;
	if ((new != NULL && reason != NULL) || (reason != NULL && argc != 1) ||
	    argc > 1)
		usage();
	if (new != NULL && !run_good_name(new))
		errx(2, "-c %s: not letters, digits and ._:+@=- "
		    "(at most 128)", new);
	store_open(&st, o->dir, o->wait_ms, new != NULL);
	if (new != NULL)
		return create(&st, new, argv);
	if (reason != NULL)
		return finish(&st, reason, argv[0]);
	return show(&st, argv[0]);
}
