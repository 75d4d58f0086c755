/* Gives each record a candidate: ke-gen(1). */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "gen.h"
#include "num.h"

static const struct backend *const backends[] = {&backend_tune, &backend_exec,
	&backend_mailbox, &backend_replay, &backend_anthropic, &backend_openai,
	&backend_responses, &backend_gemini};

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
		if (text[n] == ':' ? text[n + 1] == '\0'
		    : b->takes != NULL && *b->takes != '[')
			return ke_fail(e, "%s: needs :%s", b->name, b->takes);
		g->backend = b;
		g->arg = text[n] == ':' ? text + n + 1 : NULL;
		return 0;
	}
	return ke_fail(e, "%s: no such backend", text);
}

static void
usage(FILE *to)
{
	fputs("usage: ke-gen [-eqsv] -b backend [-a calls] [-c prices] "
	    "[-D deadline] [-H header] [-j inflight] [-k variable] [-m model] "
	    "[-M budget] [-p name=json] [-r requests] [-R tokens] [-S seed] "
	    "[-t temperatures] [-T timeout] [-u url] [file ...]\n", to);
}

int
main(int argc, char **argv)
{
	struct gen g = {.in_flight = 8};
	struct ke_err e;
	int c, bad;

	while ((c = getopt(argc, argv, "b:hj:qS:T:vV" LLM_LETTERS)) != -1)
		switch (c) {
		case 'b':
			if (choose(&g, optarg, &e) == -1)
				errx(2, "-b: %s", e.msg);
			break;
		case 'j':
			if (ke_num_int(optarg, 1, 4096, &g.in_flight, &e) == -1)
				errx(2, "-j: %s", e.msg);
			break;
		case 'q':
			g.quiet = true;
			break;
		case 'S':
			if (ke_num_int(optarg, 0, INT64_MAX, &g.seed, &e) == -1)
				errx(2, "-S: %s", e.msg);
			break;
		case 'T':
			if (ke_num_real(optarg, 0.001, 1e6, &g.timeout,
			    &e) == -1)
				errx(2, "-T: %s", e.msg);
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
		case '?':
			usage(stderr);
			return 2;
		default:
			if (llm_option(&g.llm, c, optarg, &e) == -1)
				errx(2, "-%c: %s", c, e.msg);
		}
	if (g.backend == NULL) {
		usage(stderr);
		return 2;
	}
	if (g.llm.given != 0 && protocol_find(g.backend->name) == NULL)
		errx(2, "-%c: not for -b %s", g.llm.given, g.backend->name);
	bad = g.backend->open(&g, &e);
	if (bad != 0)
		errx(bad, "-b: %s: %s", g.backend->name, e.msg);
	return ke_filter_end(gen_loop(&g, argv + optind));
}
