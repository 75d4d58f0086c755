/* ke-prompt: turn an expansion and its context into messages. */
#include <err.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compose.h"
#include "file.h"
#include "filter.h"
#include "hardware.h"
#include "history.h"
#include "num.h"
#include "record.h"

#define TOOL "ke-prompt"

static int64_t budget = 16000; /* tokens */
static const char *kb_dir;
static const char *op_name;
static const char *query;
static struct reader reader = {.target = "any"}; /* of what -s finds */
static bool quiet, verbose;

/* What every record is answered from. */
struct prompter {
	struct kb kb;
	struct ranking ranking;
	struct ke_buf machine;
};

static void
report(const struct sections *s, const char *where)
{
	size_t documents = 0, cut = 0;

	for (size_t i = 0; i < s->n; i++) {
		documents += !s->all[i].cut && s->all[i].pick != NULL;
		cut += s->all[i].cut;
	}
	warnx("%s: %zu tokens, %zu documents, %zu parts cut", where,
	    sections_tokens(s), documents, cut);
}

static void
prompt_with(struct prompter *p, cJSON *rec, const char *where,
    const struct language *language, const struct operator_text *op)
{
	const cJSON *context = ke_json_object(rec, "context");
	struct diagnosis d;
	struct subject about = {.language = language, .op = op,
	    .diagnosis = &d, .machine = &p->machine};
	struct sections s = {0};
	struct pick *picks;
	struct ke_err e;
	size_t n;

	diagnose(&d, ke_json_object(context, "parent"));
	n = compose_retrieve(&p->ranking, rec, &about, &picks);
	compose(&s, rec, &about, picks, n);
	if (sections_fit(&s, (size_t)budget, &e) == -1) {
		ke_record_error(rec, TOOL, "budget", "%s", e.msg);
	} else {
		cJSON *prompt = sections_prompt(&s, (size_t)budget);

		ke_json_set_text(prompt, "diagnosis", d.text.s, d.text.n);
		ke_json_set(rec, "prompt", prompt);
		history_trim(rec, &s);
		if (verbose)
			report(&s, where);
	}
	picks_free(picks, n);
	sections_free(&s);
	diagnosis_free(&d);
}

/* Does -o mean the operator of that name? */
static bool
is_op(const char *name)
{
	const char *slash = strrchr(op_name, '/');

	return strcmp(name, op_name) == 0 ||
	    (slash != NULL && strcmp(name, slash + 1) == 0);
}

/* 0, or KE_FILTER_REFUSED where the record contradicts -o. */
static int
prompt(struct prompter *p, cJSON *rec, const char *where)
{
	const char *language_name = ke_json_string(rec, "language");
	const struct language *language = language_find(
	    language_name != NULL ? language_name : "c");
	const char *name = ke_json_string(rec, "op");
	const struct operator_text *op;
	struct ke_err e;

	if (name != NULL && op_name != NULL && !is_op(name)) {
		warnx("%s: op: %s where -o says %s", where, name, op_name);
		ke_record_error(rec, TOOL, "operator", "%s where -o says %s",
		    name, op_name);
		return KE_FILTER_REFUSED;
	}
	if (name == NULL && op_name != NULL)
		ke_json_set_string(rec, "op", op_name);
	if (op_name != NULL)
		name = op_name;
	if (language == NULL) {
		ke_record_error(rec, TOOL, "language",
		    "%s: this tool knows c, cuda, hip and triton",
		    language_name);
	} else if (name == NULL) {
		ke_record_error(rec, TOOL, "operator",
		    "the record names no operator");
	} else if ((op = operator_find(name, ke_json_string(rec, "dtype"),
	    language_baseline(language, ke_json_string(rec, "target")),
	    &e)) == NULL) {
		ke_record_error(rec, TOOL, "operator", "%s", e.msg);
	} else {
		prompt_with(p, rec, where, language, op);
	}
	return 0;
}

static int
each(cJSON *rec, const char *where, void *arg)
{
	int status = 0, emitted;

	if (ke_json_get(rec, "mark") == NULL && !ke_record_failed(rec) &&
	    ke_json_get(rec, "prompt") == NULL &&
	    ke_json_get(rec, "source") == NULL)
		status = prompt(arg, rec, where);
	emitted = ke_filter_emit(rec);
	return emitted > status ? emitted : status;
}

static void
warn_lines(char *lines)
{
	char *nl;

	for (; (nl = strchr(lines, '\n')) != NULL; lines = nl + 1)
		warnx("%.*s", (int)(nl - lines), lines);
}

static void
open_kb(struct prompter *p)
{
	struct ke_buf problems = {0}, note = {0};
	struct ke_err e;
	char *share = kb_dir == NULL ? ke_share_dir("kb") : NULL;
	const char *dir = kb_dir != NULL ? kb_dir
	    : share != NULL ? share : "kb";
	int status = kb_read(&p->kb, dir, &problems, &e);

	if (status == -1 && !quiet)
		warnx("%s: prompts will have no documents", e.msg);
	if (problems.n > 0 && !quiet)
		warn_lines(problems.s);
	if (p->kb.n > 0)
		ranking_open(&p->ranking, &p->kb, &note);
	if (note.n > 0 && verbose)
		warnx("%s", note.s);
	ke_buf_free(&problems);
	ke_buf_free(&note);
	free(share);
}

/* Prints the documents that suit the query, a line for each. */
static int
print_found(struct prompter *p)
{
	struct pick *picks = NULL;
	size_t n = p->kb.n == 0 ? 0 : retrieve_words(&p->ranking, query,
	    &reader, &picks);
	int status = 0;

	ke_filter_signals();
	for (size_t i = 0; i < n && status == 0; i++) {
		cJSON *o = cJSON_CreateObject();

		ke_json_set_string(o, "path", picks[i].doc->path);
		ke_json_set_number(o, "score",
		    round(picks[i].score * 1e3) / 1e3);
		ke_json_set_string(o, "summary", picks[i].doc->summary);
		ke_json_set_string(o, "text", picks[i].doc->text);
		status = ke_filter_emit(o);
		cJSON_Delete(o);
	}
	picks_free(picks, n);
	return status;
}

static void
usage(FILE *out)
{
	fprintf(out, "usage: ke-prompt [-hqVv] [-b tokens] [-k kbdir] "
	    "[-l language] [-o op] [-s query] [-t target] [file ...]\n");
}

int
main(int argc, char **argv)
{
	struct prompter p = {0};
	struct ke_err e;
	int c;

	while ((c = getopt(argc, argv, "b:hk:l:o:qs:t:Vv")) != -1)
		switch (c) {
		case 'b':
			if (ke_num_int(optarg, 1, 100000000, &budget, &e) == -1)
				errx(2, "-b: %s", e.msg);
			break;
		case 'h':
			usage(stdout);
			return ke_filter_end(0);
		case 'k':
			kb_dir = optarg;
			break;
		case 'l':
			reader.language = optarg;
			break;
		case 'o':
			op_name = optarg;
			break;
		case 'q':
			quiet = true;
			break;
		case 's':
			query = optarg;
			break;
		case 't':
			reader.target = optarg;
			break;
		case 'V':
			printf("%s %s\n", TOOL, KE_VERSION);
			return ke_filter_end(0);
		case 'v':
			verbose = true;
			break;
		default:
			usage(stderr);
			return 2;
		}
	if (query != NULL && argv[optind] != NULL)
		errx(2, "-s: reads no records");
	open_kb(&p);
	if (query != NULL)
		return ke_filter_end(print_found(&p));
	hardware_describe(&p.machine);
	return ke_filter_end(ke_filter(argv + optind, each, &p, NULL));
}
