/* ke-store get and best: records as they were, or in words. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "overview.h"
#include "print.h"
#include "run.h"
#include "verbs.h"
#include "whole.h"

#define PARTS "n.id, n.seq, n.record, n.source, n.prompt, e.record, " \
	"e.profile "

/* q selects PARTS. */
static bool
read_parts(struct store *st, sqlite3_stmt *q, struct parts *p)
{
	if (!sql_next(st, q))
		return false;
	*p = (struct parts){.id = sql_copy(q, 0),
	    .seq = sqlite3_column_int64(q, 1),
	    .record = sqlite3_column_int64(q, 2),
	    .source = sqlite3_column_int64(q, 3),
	    .prompt = sqlite3_column_int64(q, 4),
	    .eval = sqlite3_column_int64(q, 5),
	    .profile = sqlite3_column_int64(q, 6)};
	sql_end(q);
	return true;
}

static int
emit(struct store *st, struct parts *p)
{
	cJSON *rec = whole_record(st, p);
	int got = ke_filter_emit(rec);

	cJSON_Delete(rec);
	free(p->id);
	return got;
}

static int
emit_source(struct store *st, struct parts *p)
{
	char *text;

	if (p->source == 0) {
		warnx("%s: no source", p->id);
		free(p->id);
		return 1;
	}
	text = whole_text(st, p->source);
	print_text(text, strlen(text));
	free(text);
	free(p->id);
	return 0;
}

static int
emit_overview(struct store *st, struct parts *p)
{
	struct ke_err e;
	char *text;

	sql_begin_read(st);
	text = overview_text(st, sql_int(st, SQL(st, "SELECT node FROM nodes "
	    "WHERE id = ?", v_text(p->id)), 0), &e);
	sql_commit(st);
	free(p->id);
	if (text == NULL)
		errx(111, "%s: %s", st->path, e.msg);
	print_text(text, strlen(text));
	free(text);
	return 0;
}

/* form is an option's letter, or 0 for the record. */
static int
get(struct store *st, const char *id, int form)
{
	struct parts p;

	if (!read_parts(st, SQL(st, "SELECT " PARTS "FROM nodes n "
	    "LEFT JOIN evals e USING(eval) WHERE n.id = ?", v_text(id)), &p)) {
		warnx("%s: no node %s", st->path, id);
		return 1;
	}
	return form == 's' ? emit_source(st, &p)
	    : form == 'm' ? emit_overview(st, &p) : emit(st, &p);
}

int
verb_get(struct options *o, int argc, char **argv)
{
	struct store st;
	int c, form = 0, status = 0;

	while ((c = getopt(argc, argv, "+ms")) != -1)
		switch (c) {
		case 'm':
		case 's':
			form = c;
			break;
		default:
			usage();
		}
	if (optind == argc)
		usage();
	ke_filter_signals();
	store_open(&st, o->dir, o->wait_ms, false);
	for (; optind < argc && status != KE_FILTER_FAILED; optind++) {
		int got = get(&st, argv[optind], form);

		status = got > status ? got : status;
	}
	return status;
}

/* The best of the run by full evaluation; quick: by what each node is known
 * by.  False where there is none. */
static bool
find_best(struct store *st, int64_t run, bool quick, struct parts *p)
{
	if (quick)
		return read_parts(st, SQL(st, "SELECT " PARTS
		    "FROM nodes n JOIN evals e USING(eval) WHERE n.run = ? "
		    "AND n.score > 0 ORDER BY n.score DESC LIMIT 1",
		    v_int(run)), p);
	return read_parts(st, SQL(st, "SELECT " PARTS "FROM evals e "
	    "JOIN nodes n USING(node) WHERE e.run = ? AND e.effort = 'full' "
	    "AND e.score > 0 ORDER BY e.score DESC LIMIT 1", v_int(run)), p);
}

static int
best_of_all(struct store *st, bool quick)
{
	int64_t run = 0;
	int n = 0, got = 0;

	while (got == 0 && (run = sql_int(st, SQL(st, "SELECT run FROM runs "
	    "WHERE run > ? ORDER BY run LIMIT 1", v_int(run)), 0)) != 0) {
		struct parts p;

		if (find_best(st, run, quick, &p)) {
			got = emit(st, &p);
			n++;
		}
	}
	if (got != 0 || n > 0)
		return got;
	warnx("%s: no run has a node with %s evaluation that passed", st->path,
	    quick ? "an" : "a full");
	return 1;
}

static int
best_of_run(struct store *st, const char *name, bool quick)
{
	struct ke_err e;
	struct parts p;
	const struct run *r = run_find(st, name, &e);

	if (r == NULL) {
		warnx("%s", e.msg);
		return 1;
	}
	if (find_best(st, r->run, quick, &p))
		return emit(st, &p);
	warnx("run %s: no node with %s evaluation that passed", r->name,
	    quick ? "an" : "a full");
	return 1;
}

int
verb_best(struct options *o, int argc, char **argv)
{
	struct store st;
	const char *run = NULL;
	bool all = false, quick = false;
	int c;

	while ((c = getopt(argc, argv, "+aqr:")) != -1)
		switch (c) {
		case 'a':
			all = true;
			break;
		case 'q':
			quick = true;
			break;
		case 'r':
			run = optarg;
			break;
		default:
			usage();
		}
	if (optind < argc || (all && run != NULL))
		usage();
	ke_filter_signals();
	store_open(&st, o->dir, o->wait_ms, false);
	return all ? best_of_all(&st, quick) : best_of_run(&st, run, quick);
}
