/* ke-store add: commits records, prints their rows.  ke-store import: the same
 * for what export wrote, and tells how many there were. */
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "commit.h"
#include "filter.h"
#include "import.h"
#include "print.h"
#include "record.h"
#include "stream.h"
#include "verbs.h"

/* Lines that are there already are committed together; the lock is held for
 * some milliseconds at most. */
#define BATCH_MAX 64

struct batch {
	struct store store, *st;
	const char *run; /* for records that name none, or NULL */
	bool importing;
	const char *into; /* -r of import, or NULL */
	char *imported; /* the run that lines are for, or NULL */
	int64_t committed, late; /* of it */
	size_t n;
	struct commit commits[BATCH_MAX];
	struct ke_buf where[BATCH_MAX];
	struct ke_buf rows;
	int status;
};

static void
refuse(struct batch *b, const char *where, const char *why)
{
	warnx("%s: %s", where, why);
	b->status = KE_FILTER_REFUSED;
}

static void
commit_one(struct batch *b, size_t i)
{
	struct commit *c = &b->commits[i];
	struct ke_err e;
	bool late;
	char *row = commit_put(b->st, c, &late, &e);

	if (row == NULL) {
		refuse(b, b->where[i].s, e.msg);
		return;
	}
	b->committed += !late;
	b->late += late;
	if (b->importing) {
		free(row);
		return;
	}
	if (late)
		warnx("%s: %s: was committed or given up before",
		    b->where[i].s, ke_json_string(c->row, "id") != NULL
		    ? ke_json_string(c->row, "id") : "no id");
	ke_buf_str(&b->rows, row);
	ke_buf_str(&b->rows, "\n");
	free(row);
}

/* Rows are printed once they are committed: they are the acknowledgement. */
static void
commit_batch(struct batch *b)
{
	if (b->n == 0)
		return;
	b->rows.n = 0;
	sql_begin_write(b->st);
	for (size_t i = 0; i < b->n; i++)
		commit_one(b, i);
	sql_commit(b->st);
	if (b->rows.n > 0) {
		print_text(b->rows.s, b->rows.n);
		print_flush();
	}
	for (size_t i = 0; i < b->n; i++)
		commit_free(&b->commits[i]);
	b->n = 0;
}

/* What happened to the run that was imported last. */
static void
tell_imported(struct batch *b)
{
	cJSON *o;

	if (b->imported == NULL)
		return;
	o = cJSON_CreateObject();
	ke_json_set_string(o, "run", b->imported);
	ke_json_set_number(o, "committed", (double)b->committed);
	ke_json_set_number(o, "late", (double)b->late);
	if (ke_filter_emit(o) != 0)
		_exit(KE_FILTER_FAILED);
	cJSON_Delete(o);
	free(b->imported);
	b->imported = NULL;
	b->committed = b->late = 0;
}

/* A line that says what follows. */
static void
begin_run(struct batch *b, const char *where, const cJSON *mark)
{
	struct ke_err e;

	if (!b->importing || !ke_record_is_mark(mark, "export")) {
		refuse(b, where, "a mark is not a record");
		return;
	}
	commit_batch(b);
	tell_imported(b);
	b->imported = import_run(b->st, mark, b->into, &e);
	if (b->imported == NULL)
		refuse(b, where, e.msg);
}

/* Makes it a record of the run that is imported. */
static bool
rename_run(struct batch *b, const char *where, cJSON *rec)
{
	if (!b->importing)
		return true;
	if (b->imported == NULL) {
		refuse(b, where, "no run's line before it that holds");
		return false;
	}
	ke_json_set_string(rec, "run", b->imported);
	return true;
}

static void
collect(struct batch *b, const struct ke_input *in, const char *line, size_t n)
{
	struct ke_buf *where = &b->where[b->n];
	struct commit *c = &b->commits[b->n];
	cJSON *rec;

	where->n = 0;
	ke_buf_fmt(where, "%s:%zu", in->name, in->line);
	rec = ke_filter_parse(line, n, where->s);
	if (rec == NULL) {
		b->status = KE_FILTER_REFUSED;
	} else if (ke_json_get(rec, "mark") != NULL) {
		begin_run(b, where->s, rec);
		cJSON_Delete(rec);
	} else if (!rename_run(b, where->s, rec)) {
		cJSON_Delete(rec);
	} else {
		commit_prepare(b->st, c, rec, line, b->run);
		c->imported = b->importing;
		b->n++;
	}
}

/* False where nobody reads us any more. */
static bool
add_from(struct batch *b, struct ke_input *in)
{
	struct ke_err e;
	enum ke_read r;
	char *line;
	size_t n;

	do {
		r = ke_input_line(in, &line, &n, b->n > 0 ? 0 : -1, &e);
		if (r == KE_READ_LINE)
			collect(b, in, line, n);
		if (r != KE_READ_LINE || b->n == BATCH_MAX)
			commit_batch(b);
	} while (r == KE_READ_LINE || r == KE_READ_TIMEOUT);
	if (r == KE_READ_ERROR) {
		warnx("%s", e.msg);
		b->status = KE_FILTER_REFUSED;
	}
	return r != KE_READ_GONE;
}

static int
add_files(struct batch *b, char **files)
{
	bool more = true;

	do {
		struct ke_input in;
		struct ke_err e;

		if (ke_input_open(&in, *files, &e) == -1) {
			warnx("%s", e.msg);
			b->status = KE_FILTER_REFUSED;
			continue;
		}
		more = add_from(b, &in);
		ke_input_close(&in);
	} while (more && *files != NULL && *++files != NULL);
	return b->status;
}

static int
add_all(struct options *o, struct batch *b, char **files)
{
	int status;

	ke_filter_signals();
	b->st = &b->store;
	store_open(b->st, o->dir, o->wait_ms, b->importing);
	status = add_files(b, files);
	tell_imported(b);
	return status;
}

int
verb_add(struct options *o, int argc, char **argv)
{
	struct batch *b = ke_calloc(1, sizeof(*b));
	int c;

	while ((c = getopt(argc, argv, "+r:")) != -1)
		switch (c) {
		case 'r':
			b->run = optarg;
			break;
		default:
			usage();
		}
	return add_all(o, b, argv + optind);
}

int
verb_import(struct options *o, int argc, char **argv)
{
	struct batch *b = ke_calloc(1, sizeof(*b));
	int c;

	b->importing = true;
	while ((c = getopt(argc, argv, "+r:")) != -1)
		switch (c) {
		case 'r':
			b->into = optarg;
			break;
		default:
			usage();
		}
	if (b->into != NULL && !run_good_name(b->into))
		errx(2, "-r %s: not letters, digits and ._:+@=- "
		    "(at most 128)", b->into);
	return add_all(o, b, argv + optind);
}
