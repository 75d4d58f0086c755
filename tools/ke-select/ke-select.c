/* Chooses which nodes of a search are expanded next. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "filter.h"
#include "num.h"
#include "policy.h"
#include "session.h"
#include "stream.h"

#define INFLIGHT_MAX 4096

static int
take_header(struct search *s, const cJSON *rec, struct ke_err *e)
{
	const char *run = ke_json_string(rec, "run"), *was;

	if (s->header == NULL) {
		s->header = cJSON_Duplicate(rec, 1);
		if (s->header == NULL)
			errx(111, "out of memory");
		return 0;
	}
	was = ke_json_string(s->header, "run");
	if (run != NULL && was != NULL && strcmp(run, was) != 0)
		return ke_fail(e, "header of run %s: this is run %s", run, was);
	return 0;
}

static int
take_record(struct session *t, const cJSON *rec, struct ke_err *e)
{
	struct search *s = &t->search;

	if (ke_record_is_mark(rec, "run"))
		return take_header(s, rec, e);
	if (s->header == NULL)
		return ke_fail(e, "no header before it");
	if (ke_record_is_mark(rec, "live"))
		t->live = true;
	if (ke_json_string(rec, "mark") != NULL)
		return 0;
	return search_row(s, rec, e);
}

static int
take_line(struct session *t, const char *line, size_t n,
    const struct ke_input *in)
{
	char where[4200];
	struct ke_err e;
	cJSON *rec;
	int bad;

	snprintf(where, sizeof(where), "%s:%zu", in->name, in->line);
	draw_read(&t->search.draw, line, n);
	rec = ke_filter_parse(line, n, where);
	if (rec == NULL)
		return KE_FILTER_REFUSED;
	bad = take_record(t, rec, &e);
	if (bad)
		warnx("%s: %s", where, e.msg);
	cJSON_Delete(rec);
	return bad ? KE_FILTER_REFUSED : 0;
}

static int
larger(int a, int b)
{
	return a > b ? a : b;
}

static int
read_input(struct session *t, struct ke_input *in)
{
	int status = 0;

	while (status < OVER) {
		bool following = t->inflight > 0 && t->live;
		struct ke_err e;
		char *line;
		size_t n;

		switch (ke_input_line(in, &line, &n,
		    following ? stop_wait_ms(&t->stop) : -1, &e)) {
		case KE_READ_LINE:
			status = larger(status, take_line(t, line, n, in));
			break;
		case KE_READ_TIMEOUT:
			break;
		case KE_READ_GONE:
			t->gone = true;
			return status;
		case KE_READ_EOF:
			return status;
		case KE_READ_ERROR:
			warnx("%s", e.msg);
			return larger(status, KE_FILTER_REFUSED);
		}
		if (t->inflight > 0 && t->live)
			status = larger(status, session_follow(t));
	}
	return status;
}

static int
read_file(struct session *t, const char *path)
{
	struct ke_input in;
	struct ke_err e;
	int status;

	if (ke_input_open(&in, path, &e) == -1) {
		warnx("%s", e.msg);
		return KE_FILTER_REFUSED;
	}
	status = read_input(t, &in);
	ke_input_close(&in);
	return status;
}

/* What is to be done once all input is read. */
static int
finish(struct session *t, int status)
{
	if (t->gone || status >= OVER)
		return status;
	if (t->search.header == NULL) {
		warnx("no header line in the input");
		return KE_FILTER_REFUSED;
	}
	if (t->inflight > 0) {
		if (!t->live && !t->quiet)
			warnx("the input ended before its live mark");
		return status;
	}
	return larger(status, session_step(t));
}

static void
usage(FILE *to)
{
	fprintf(to, "usage: ke-select [-qv] [-c wait] [-d drafts] [-m memory] "
	    "[-n count | -j inflight] [-p policy] [-S seed] "
	    "[-s rule[,rule...]] [file ...]\n");
}

static _Noreturn void
bad_usage(void)
{
	usage(stderr);
	exit(2);
}

static int64_t
number(char option, const char *text, int64_t min, int64_t max)
{
	struct ke_err e;
	int64_t v;

	if (ke_num_int(text, min, max, &v, &e) == -1)
		errx(2, "-%c: %s", option, e.msg);
	return v;
}

static const char *
memory(const char *name)
{
	static const char *const names[] = {
		"parent", "siblings", "both", "none"};

	for (size_t i = 0; i < KE_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return names[i];
	errx(2, "-m: %s: not parent, siblings, both or none", name);
}

static int64_t
draw_seed(void)
{
	int64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		err(111, "getrandom");
	return seed;
}

static void
options(struct session *t, int argc, char **argv)
{
	struct search *s = &t->search;
	struct ke_err e;
	int64_t seed = 0;
	int c, seeded = 0;

	while ((c = getopt(argc, argv, "c:d:hj:m:n:p:qS:s:Vv")) != -1)
		switch (c) {
		case 'c':
			s->wait = number('c', optarg, 0, INT32_MAX);
			break;
		case 'd':
			s->drafts_wanted = number('d', optarg, 0, INT32_MAX);
			break;
		case 'h':
			usage(stdout);
			exit(ke_filter_end(0));
		case 'j':
			t->inflight = number('j', optarg, 1, INFLIGHT_MAX);
			break;
		case 'm':
			s->memory = memory(optarg);
			break;
		case 'n':
			t->count = number('n', optarg, 1, INT32_MAX);
			break;
		case 'p':
			s->policy = policy_find(optarg);
			if (s->policy == NULL)
				errx(2, "-p: %s: no such policy", optarg);
			break;
		case 'q':
			t->quiet = true;
			break;
		case 'S':
			seed = number('S', optarg, INT64_MIN, INT64_MAX);
			seeded = 1;
			break;
		case 's':
			if (stop_parse(&t->stop, optarg, &e) == -1)
				errx(2, "-s: %s", e.msg);
			break;
		case 'V':
			printf("ke-select %s\n", KE_VERSION);
			exit(ke_filter_end(0));
		case 'v':
			t->verbose = true;
			break;
		default:
			bad_usage();
		}
	if (t->count > 0 && t->inflight > 0)
		bad_usage();
	draw_init(&s->draw, seeded ? seed : draw_seed());
}

int
main(int argc, char **argv)
{
	static struct session t = {
	    .search = {.policy = &policy_greedy, .drafts_wanted = 4,
		.wait = 8, .slate.best = NONE, .best = NONE,
		.would_be = NONE, .due = NONE}};
	int status = 0;

	stop_init(&t.stop);
	options(&t, argc, argv);
	argv += optind;
	t.search.own = ke_calloc(1, t.search.policy->size);
	if (t.count == 0)
		t.count = 1;
	ke_filter_signals();
	do
		status = larger(status, read_file(&t, *argv));
	while (*argv != NULL && *++argv != NULL && !t.gone && status < OVER);
	return ke_filter_end(finish(&t, status));
}
