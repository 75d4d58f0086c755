/* ke-store add: commits records, prints their rows. */
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "commit.h"
#include "filter.h"
#include "print.h"
#include "record.h"
#include "stream.h"
#include "verbs.h"

/* Lines that are there already are committed together; the lock is held for
 * some milliseconds at most. */
#define BATCH_MAX 64

struct batch {
	struct store *st;
	const char *run; /* for records that name none, or NULL */
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
collect(struct batch *b, const struct ke_input *in, const char *line, size_t n)
{
	struct ke_buf *where = &b->where[b->n];
	cJSON *rec;

	where->n = 0;
	ke_buf_fmt(where, "%s:%zu", in->name, in->line);
	rec = ke_filter_parse(line, n, where->s);
	if (rec == NULL) {
		b->status = KE_FILTER_REFUSED;
	} else if (ke_json_get(rec, "mark") != NULL) {
		refuse(b, where->s, "a mark is not a record");
		cJSON_Delete(rec);
	} else {
		commit_prepare(b->st, &b->commits[b->n++], rec, line, b->run);
	}
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

int
verb_add(struct options *o, int argc, char **argv)
{
	struct store st;
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
	ke_filter_signals();
	store_open(&st, o->dir, o->wait_ms, false);
	b->st = &st;
	return add_files(b, argv + optind);
}
