/* Gives each record a candidate: ke-gen(1). */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "gen.h"
#include "num.h"
#include "record.h"

static const struct backend *const backends[] = {&backend_tune};

/* Known to other releases, so that the refusal can say so. */
static const char *const later[] = {"anthropic", "openai"};

/* What became of a record, for people. */
static void
report(const struct gen *g, const cJSON *rec, const char *where)
{
	const char *xid = ke_json_string(rec, "xid");
	const cJSON *error = ke_json_object(rec, "error");
	const char *words = ke_json_string(error, "message");

	if (error == NULL) {
		words = ke_json_string(ke_json_object(rec, "gen"), "strategy");
		words = words == NULL ? "a candidate" : words;
	}
	if (error == NULL ? g->verbose : !g->quiet)
		warnx("%s: %s%s%s", where, xid == NULL ? "" : xid,
		    xid == NULL ? "" : ": ", words);
}

static int
each(cJSON *rec, const char *where, void *arg)
{
	struct gen *g = arg;

	if (ke_json_get(rec, "mark") != NULL || ke_record_failed(rec))
		return ke_filter_emit(rec);
	if (ke_json_get(rec, "source") != NULL) {
		if (g->backend->pass != NULL)
			g->backend->pass(g, rec);
		return ke_filter_emit(rec);
	}
	g->backend->take(g, rec);
	report(g, rec, where);
	cJSON_DeleteItemFromObjectCaseSensitive(rec, "context");
	return ke_filter_emit(rec);
}

/* Finds the backend that text names, with what stands behind the colon. */
static int
choose(struct gen *g, const char *text, struct ke_err *e)
{
	size_t n = strcspn(text, ":");

	for (size_t i = 0; i < KE_LEN(backends); i++) {
		const struct backend *b = backends[i];

		if (strlen(b->name) != n || strncmp(b->name, text, n) != 0)
			continue;
		if (b->takes == NULL && text[n] == ':')
			return ke_fail(e, "%s: takes nothing behind the name",
			    b->name);
		if (b->takes != NULL && (text[n] == '\0' || text[n + 1] == '\0'))
			return ke_fail(e, "%s: needs :%s", b->name, b->takes);
		g->backend = b;
		g->arg = b->takes == NULL ? NULL : text + n + 1;
		return 0;
	}
	for (size_t i = 0; i < KE_LEN(later); i++)
		if (strncmp(later[i], text, n) == 0 && later[i][n] == '\0')
			return ke_fail(e, "%s: not in this release", later[i]);
	return ke_fail(e, "%s: no such backend", text);
}

static void
usage(FILE *to)
{
	fputs("usage: ke-gen [-qv] -b backend [-S seed] [file ...]\n", to);
}

int
main(int argc, char **argv)
{
	struct gen g = {.seed = 0};
	struct ke_err e;
	int c;

	while ((c = getopt(argc, argv, "b:hqS:vV")) != -1)
		switch (c) {
		case 'b':
			if (choose(&g, optarg, &e) == -1)
				errx(2, "-b: %s", e.msg);
			break;
		case 'q':
			g.quiet = true;
			break;
		case 'S':
			if (ke_num_int(optarg, 0, INT64_MAX, &g.seed, &e) == -1)
				errx(2, "-S: %s", e.msg);
			break;
		case 'v':
			g.verbose = true;
			break;
		case 'h':
			usage(stdout);
			return ke_filter_end(0);
		case 'V':
			puts("ke-gen " KE_VERSION);
			return ke_filter_end(0);
		default:
			usage(stderr);
			return 2;
		}
	if (g.backend == NULL) {
		usage(stderr);
		return 2;
	}
	if (g.backend->open(&g, &e) == -1)
		errx(111, "-b: %s", e.msg);
	return ke_filter_end(ke_filter(argv + optind, each, &g, NULL));
}
