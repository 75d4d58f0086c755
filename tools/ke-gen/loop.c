/* Records in, while others are in flight.  Not ke_filter: that one waits for
 * input alone. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "gen.h"
#include "record.h"
#include "spawn.h"
#include "stream.h"

/* What is read, file by file. */
struct source {
	char *const *next; /* file to open next */
	struct ke_input in;
	bool open, ended;
};

static void
refuse(struct gen *g)
{
	if (g->status < KE_FILTER_REFUSED)
		g->status = KE_FILTER_REFUSED;
}

void
gen_show(struct gen *g, const char *words)
{
	fprintf(stderr, "\r%s\33[K", words);
	g->line = true;
}

void
gen_clear(struct gen *g)
{
	if (g->line)
		fputs("\r\33[K", stderr);
	g->line = false;
}

/* What became of a record, for people. */
static void
report(struct gen *g, const struct job *j)
{
	const char *xid = ke_json_string(j->rec, "xid");
	const cJSON *error = ke_json_object(j->rec, "error");
	const char *words = ke_json_string(error, "message");

	if (error == NULL) {
		words = ke_json_string(ke_json_object(j->rec, "gen"),
		    "strategy");
		words = words == NULL ? "a candidate" : words;
	}
	gen_clear(g);
	if (error == NULL ? g->verbose : !g->quiet)
		warnx("%s: %s%s%s", j->where, xid == NULL ? "" : xid,
		    xid == NULL ? "" : ": ", words);
}

static void
emit(struct gen *g, const cJSON *rec)
{
	gen_clear(g); /* standard output may be the terminal too */
	/* ke_emit would exit at once, and leave children running */
	if (ke_output_gone())
		g->gone = true;
	else if (ke_filter_emit(rec) != 0)
		g->status = KE_FILTER_FAILED;
}

void
gen_end(struct gen *g, struct job *j)
{
	report(g, j);
	cJSON_DeleteItemFromObjectCaseSensitive(j->rec, "context");
	emit(g, j->rec);
	cJSON_Delete(j->rec);
	free(j->where);
	g->busy--;
}

void
gen_fail(struct gen *g, struct job *j, const char *code, const char *fmt, ...)
{
	struct ke_err e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	ke_record_error(j->rec, "ke-gen", code, "%s", e.msg);
	gen_end(g, j);
}

static void
accept_record(struct gen *g, cJSON *rec, const char *where)
{
	struct job j = {.rec = rec, .since = ke_now()};

	if (ke_json_get(rec, "mark") != NULL || ke_record_failed(rec) ||
	    ke_json_get(rec, "source") != NULL) {
		if (g->backend->pass != NULL)
			g->backend->pass(g, rec);
		emit(g, rec);
		cJSON_Delete(rec);
		return;
	}
	j.where = ke_strdup(where);
	g->busy++;
	g->backend->take(g, j);
}

/* Opens the next file where none is open; false at the end. */
static bool
open_next(struct gen *g, struct source *s)
{
	struct ke_err e;

	while (!s->open && !s->ended) {
		if (*s->next == NULL) {
			s->ended = true;
			break;
		}
		s->open = ke_input_open(&s->in, *s->next++, &e) == 0;
		if (!s->open) {
			warnx("%s", e.msg);
			refuse(g);
		}
	}
	return s->open;
}

/* Handles a line where there is one: true.  Does not wait. */
static bool
read_one(struct gen *g, struct source *s)
{
	struct ke_err e;
	struct ke_buf where = {0};
	char *line;
	size_t n;
	cJSON *rec;
	enum ke_read got = ke_input_line(&s->in, &line, &n, 0, &e);

	if (got == KE_READ_GONE)
		g->gone = true;
	if (got == KE_READ_ERROR) {
		warnx("%s", e.msg);
		refuse(g);
	}
	if (got == KE_READ_ERROR || got == KE_READ_EOF) {
		ke_input_close(&s->in);
		s->open = false;
	}
	if (got != KE_READ_LINE)
		return got != KE_READ_TIMEOUT;
	ke_buf_fmt(&where, "%s:%zu", s->in.name, s->in.line);
	rec = ke_filter_parse(line, n, where.s);
	if (rec == NULL)
		refuse(g);
	else
		accept_record(g, rec, where.s);
	ke_buf_free(&where);
	return true;
}

/* Waits for input where there is room for it, for the backend, and for the end
 * of our reader. */
static void
wait_some(struct gen *g, const struct source *s, bool room)
{
	struct pollfd p = {.fd = STDOUT_FILENO};
	struct ke_buf polls = {0};
	int timeout = -1;

	ke_buf_add(&polls, &p, sizeof(p));
	p = (struct pollfd){.fd = room && s->open ? s->in.fd : -1,
	    .events = POLLIN};
	ke_buf_add(&polls, &p, sizeof(p));
	if (g->backend->watch != NULL)
		g->backend->watch(g, &polls, &timeout);
	if (poll((struct pollfd *)(void *)polls.s, polls.n / sizeof(p),
	    timeout) == -1 && errno != EINTR) {
		warn("poll");
		g->status = KE_FILTER_FAILED;
	}
	memcpy(&p, polls.s, sizeof(p));
	if (p.revents & (POLLERR | POLLHUP))
		g->gone = true;
	ke_buf_free(&polls);
}

int
gen_loop(struct gen *g, char **files)
{
	static char dash[] = "-";
	static char *const standard[] = {dash, NULL};
	struct source s = {.next = *files != NULL ? files : standard};

	ke_filter_signals();
	while (!g->gone && g->status != KE_FILTER_FAILED) {
		bool room;

		/* first, for what it ends makes room */
		if (g->backend->step != NULL)
			g->backend->step(g);
		room = g->busy < (size_t)g->in_flight;
		if (room && open_next(g, &s) && read_one(g, &s))
			continue;
		if (s.ended && g->busy == 0)
			break;
		wait_some(g, &s, room);
	}
	if (g->backend->close != NULL)
		g->backend->close(g);
	return g->status;
}
