/* The candidate in the text of an answer. */
#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "gen.h"
#include "plan.h"

static size_t
line_length(const char *s)
{
	return strcspn(s, "\n") + (strchr(s, '\n') != NULL);
}

/* Is the whole text a file that begins with its plan? */
static bool
is_candidate(const char *text)
{
	const char *s = text + strspn(text, " \t\n"), *end = strstr(s, "*/");
	const char *plan = strstr(s, "ke-plan");

	return strncmp(s, "/*", 2) == 0 && plan != NULL && end != NULL &&
	    plan < end;
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

/* The candidate in the text, which may edit that of the parent (may be NULL);
 * or NULL with the reason.  The caller frees. */
static char *
extract(const char *text, const char *parent, struct ke_err *e)
{
	bool found;
	char *source = edit_apply(parent, text, &found, e);

	if (found)
		return source;
	if (is_candidate(text))
		return ke_strdup(text);
	ke_fail(e, "no code block with a ke-plan%s",
	    parent != NULL ? ", and no edits" : "");
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

bool
gen_file(struct gen *g, struct job *j, const char *source, const char *said,
    struct ke_err *e)
{
	struct ke_plan *plan = check(g, j->rec, source, e);
	cJSON *defaults;

	if (plan == NULL)
		return false;
	add_strategy(ke_json_object(j->rec, "gen"), said);
	defaults = ke_plan_default(plan);
	gen_candidate(j->rec, source, NULL, defaults);
	cJSON_Delete(defaults);
	ke_plan_free(plan);
	return true;
}

bool
gen_try(struct gen *g, struct job *j, const char *raw, size_t n,
    struct ke_err *e)
{
	const cJSON *parent = ke_json_object(ke_json_object(j->rec, "context"),
	    "parent");
	struct ke_buf text = {0};
	char *source;
	bool found;

	normalise(raw, n, &text);
	source = extract(text.s, ke_json_string(parent, "source"), e);
	found = source != NULL && gen_file(g, j, source, text.s, e);
	free(source);
	ke_buf_free(&text);
	return found;
}

void
gen_answer(struct gen *g, struct job *j, const char *raw, size_t n)
{
	struct ke_err e;

	if (gen_try(g, j, raw, n, &e)) {
		gen_end(g, j);
	} else {
		ke_json_set_text(ke_json_object(j->rec, "gen"), "answer", raw,
		    n);
		gen_fail(g, j, "no_candidate", "%s", e.msg);
	}
}
