/* Tools: what ke-eval(1) says of a file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define LINT_SECONDS 180
#define EVALUATE_SECONDS 900
#define LOG_MAX 6000  /* bytes of a compiler's log */
#define CASES_MAX 12  /* that are told */
#define SAID_MAX 1000 /* bytes of what was said in place of a record */

static const char *const eval_names[] = {"status", "code", "detail", "score",
	"speedup", "change", "noise", "precision", "flags"};
static const char *const case_names[] = {"set", "dims", "status", "code",
	"detail", "errors", "t_us", "baseline_us", "speedup"};
static const char *const compile_left_out[] = {"seconds", "compiler", "flags",
	"layers", "log"};

static bool
is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Leaves numbers four digits: a model pays for each. */
static void
shorten(cJSON *v)
{
	char text[32];

	if (cJSON_IsNumber(v) && floor(v->valuedouble) != v->valuedouble) {
		snprintf(text, sizeof(text), "%.4g", v->valuedouble);
		cJSON_SetNumberValue(v, strtod(text, NULL));
	}
	for (v = v->child; v != NULL; v = v->next)
		shorten(v);
}

/* Adds "name: value" of the members that are among the names, or aren't. */
static void
tell(struct ke_buf *b, const cJSON *o, const char *const *names, size_t n,
    bool among)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, o) {
		char *text;

		if (is_among(v->string, names, n) != among)
			continue;
		text = cJSON_IsString(v) ? ke_strdup(v->valuestring)
		    : ke_json_print(v);
		ke_buf_fmt(b, "%s: %s\n", v->string, text);
		free(text);
	}
}

/* Cases that failed or were timed, a line for each. */
static void
tell_cases(struct ke_buf *b, const cJSON *eval)
{
	const cJSON *c;
	int told = 0;

	cJSON_ArrayForEach(c, ke_json_array(eval, "cases")) {
		const char *status = ke_json_string(c, "status");
		struct ke_buf one = {0};

		if (told == CASES_MAX || (status != NULL &&
		    strcmp(status, "pass") == 0 &&
		    ke_json_get(c, "t_us") == NULL))
			continue;
		tell(&one, c, case_names, KE_LEN(case_names), true);
		for (char *s = one.s; s != NULL && *s != '\0'; s++)
			if (*s == '\n')
				*s = s[1] == '\0' ? '\n' : ',';
		ke_buf_fmt(b, "case %s", one.n > 0 ? one.s : "\n");
		ke_buf_free(&one);
		told++;
	}
}

/* The record that ke-eval printed, or NULL after tool_refuse. */
static cJSON *
record(struct agent *a)
{
	const struct ke_buf *out = &a->child.output;
	const char *from = out->n > 0 && *out->s == '{' ? out->s
	    : out->n > 0 ? strstr(out->s, "\n{") : NULL;
	cJSON *rec = NULL;
	char words[64];
	struct ke_err e;

	if (from != NULL) {
		from += *from == '\n';
		rec = ke_json_parse(from, strcspn(from, "\n"), &e);
	}
	if (rec != NULL)
		return rec;
	ke_child_words(&a->child, words, sizeof(words));
	tool_refuse(a, "ke-eval: %s: %.*s", words,
	    (int)(out->n < SAID_MAX ? out->n : SAID_MAX),
	    out->n > 0 ? out->s : "");
	return NULL;
}

static void
finish(struct agent *a)
{
	cJSON *rec = record(a);
	cJSON *eval = ke_json_object(rec, "eval");
	const cJSON *compile = ke_json_object(eval, "compile");
	const char *why = ke_json_string(ke_json_object(rec, "error"),
	    "message"), *log = ke_json_string(compile, "log");
	struct ke_buf b = {0};

	if (rec != NULL && eval == NULL)
		tool_refuse(a, "ke-eval: %s", why != NULL ? why : "no result");
	if (eval != NULL) {
		shorten(eval);
		tell(&b, eval, eval_names, KE_LEN(eval_names), true);
		tell(&b, compile, compile_left_out,
		    KE_LEN(compile_left_out), false);
		tell_cases(&b, eval);
		if (log != NULL && *log != '\0')
			ke_buf_fmt(&b, "The compiler said:\n%.*s\n", LOG_MAX,
			    log);
		tool_say(a, "%s", b.n > 0 ? b.s : "");
	}
	ke_buf_free(&b);
	cJSON_Delete(rec);
}

/* how: what is asked of ke-eval, as an option. */
static void
start(struct agent *a, const cJSON *args, const char *how, int seconds)
{
	const char *path = tool_string(a, args, "path", tool_candidate(a));
	struct ke_buf file = {0}, text = {0};
	size_t n = path == NULL ? 0 : strlen(path), end = strlen(a->suffix);
	struct ke_err e;

	if (path == NULL)
		return;
	ke_buf_fmt(&file, "%s/%s", a->folder.path, path);
	const char *const argv[] = {"ke-eval", how, "-o", a->op, "-t",
	    a->target, "-y", a->dtype, file.s, NULL};

	if (n <= end || strcmp(path + n - end, a->suffix) != 0)
		tool_refuse(a, "%s: the name of a candidate ends in %s", path,
		    a->suffix);
	else if (folder_read(&a->folder, path, &text, &e) == -1)
		tool_refuse(a, "%s", e.msg);
	else
		tool_spawn(a, argv, NULL, seconds, 0);
	ke_buf_free(&file);
	ke_buf_free(&text);
}

static void
start_lint(struct agent *a, const cJSON *args)
{
	start(a, args, "-c", LINT_SECONDS);
}

static void
start_evaluate(struct agent *a, const cJSON *args)
{
	start(a, args, "-equick", EVALUATE_SECONDS);
}

const struct tool tool_lint = {"lint",
	"Check the plan of a candidate, compile it, and say what the compiler "
	"says. Nothing is run.",
	"{\"type\":\"object\",\"properties\":{"
	"\"path\":{\"type\":\"string\",\"description\":"
	"\"default: the candidate\"}}}",
	false, start_lint, finish};

const struct tool tool_evaluate = {"evaluate",
	"Compile a candidate, verify it against the reference, and time it "
	"against the baseline. Takes seconds to minutes.",
	"{\"type\":\"object\",\"properties\":{"
	"\"path\":{\"type\":\"string\",\"description\":"
	"\"default: the candidate\"}}}",
	true, start_evaluate, finish};
