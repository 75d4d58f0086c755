/* The candidate in the text of an answer. */
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "plan.h"

/* A fenced block, as CommonMark 0.31 has them. */
struct fence {
	char mark;    /* ` or ~ */
	size_t width; /* how many */
};

static size_t
line_length(const char *s)
{
	return strcspn(s, "\n") + (strchr(s, '\n') != NULL);
}

/* Does the line open a block, or close the one that is open? */
static bool
is_fence(const char *line, const struct fence *open, struct fence *f)
{
	size_t indent = strspn(line, " ");
	const char *s = line + indent, *rest;

	*f = (struct fence){.mark = *s};
	if (indent > 3 || (*s != '`' && *s != '~'))
		return false;
	while (s[f->width] == *s)
		f->width++;
	rest = s + f->width;
	if (open->width > 0)
		return f->mark == open->mark && f->width >= open->width &&
		    strspn(rest, " \t") == strcspn(rest, "\n");
	return f->width >= 3 &&
	    (*s == '~' || strcspn(rest, "\n") <= strcspn(rest, "`"));
}

static bool
has_plan(const char *s, size_t n)
{
	return memmem(s, n, "ke-plan", strlen("ke-plan")) != NULL;
}

/* The last block with a plan: 1 with its text, 0 where there is none, -1 where
 * the last is not closed. */
static int
last_block(const char *text, const char **block, size_t *n)
{
	struct fence open = {0}, f;
	const char *from = NULL;
	int found = 0;

	for (const char *s = text; *s != '\0'; s += line_length(s)) {
		if (!is_fence(s, &open, &f))
			continue;
		if (open.width == 0) {
			open = f;
			from = s + line_length(s);
			continue;
		}
		if (has_plan(from, (size_t)(s - from))) {
			*block = from;
			*n = (size_t)(s - from);
			found = 1;
		}
		open.width = 0;
	}
	return open.width > 0 && has_plan(from, strlen(from)) ? -1 : found;
}

/* Is the whole text a file that begins with its plan? */
static bool
is_candidate(const char *text)
{
	const char *s = text + strspn(text, " \t\n"), *end = strstr(s, "*/");

	return strncmp(s, "/*", 2) == 0 && end != NULL &&
	    has_plan(s, (size_t)(end - s));
}

/* UTF-8 with ends of lines as in C, and without a byte order mark. */
static void
normalise(const char *raw, size_t n, struct ke_buf *b)
{
	cJSON *o = cJSON_CreateObject();
	const char *s;

	ke_json_set_text(o, "text", raw, n);
	s = ke_json_string(o, "text");
	ke_buf_add(b, "", 0);
	if (strncmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	for (; *s != '\0'; s++)
		if (*s != '\r')
			ke_buf_add(b, s, 1);
		else if (s[1] != '\n')
			ke_buf_str(b, "\n");
	cJSON_Delete(o);
}

/* The candidate in the text, or NULL with the reason.  The caller frees. */
static char *
extract(const char *text, struct ke_err *e)
{
	const char *block;
	size_t n;
	int found = last_block(text, &block, &n);

	if (found == 1)
		return ke_strndup(block, n);
	if (found == 0 && is_candidate(text))
		return ke_strdup(text);
	ke_fail(e, found == -1 ? "the code block is not closed"
	    : "no code block with a ke-plan");
	return NULL;
}

/* The sentence behind "Strategy:" at the start of a line. */
static void
add_strategy(cJSON *gen, const char *text)
{
	static const char word[] = "strategy:";

	for (const char *s = text; *s != '\0'; s += line_length(s)) {
		const char *at = s + strspn(s, " *#_");
		size_t n;

		if (strncasecmp(at, word, strlen(word)) != 0)
			continue;
		at += strlen(word);
		at += strspn(at, " *_");
		n = strcspn(at, "\n");
		if (n > 0)
			ke_json_set_text(gen, "strategy", at, n);
		return;
	}
}

static struct ke_plan *
check(struct gen *g, const cJSON *rec, const char *source, struct ke_err *e)
{
	const struct ke_op *op = gen_operator(g, ke_json_string(rec, "op"), e);

	return op == NULL ? NULL : ke_plan_parse(source, op, e);
}

void
gen_answer(struct gen *g, struct job *j, const char *raw, size_t n)
{
	cJSON *gen = ke_json_object(j->rec, "gen"), *defaults;
	struct ke_plan *plan = NULL;
	struct ke_buf text = {0};
	struct ke_err e;
	char *source;

	normalise(raw, n, &text);
	source = extract(text.s, &e);
	if (source != NULL)
		plan = check(g, j->rec, source, &e);
	if (plan != NULL) {
		add_strategy(gen, text.s);
		defaults = ke_plan_default(plan);
		gen_candidate(j->rec, source, NULL, defaults);
		cJSON_Delete(defaults);
		ke_plan_free(plan);
		gen_end(g, j);
	} else {
		ke_json_set_text(gen, "answer", raw, n);
		gen_fail(g, j, "no_candidate", "%s", e.msg);
	}
	free(source);
	ke_buf_free(&text);
}
