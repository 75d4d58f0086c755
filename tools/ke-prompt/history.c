/* What is known beside the parent: what was tried, relatives, the best. */
#include <string.h>

#include "history.h"
#include "text.h"

#define TRIED_ROWS 32 /* in a section, so that the tail can be cut */
#define REASON_MAX 160

static const char *
or_dash(const char *s)
{
	return s != NULL && *s != '\0' ? s : "-";
}

/* "- BM=32: pass, score 1.2: what was changed: why it failed" */
static void
tell_node(struct ke_buf *b, const cJSON *node)
{
	const char *strategy = ke_json_string(node, "strategy");
	const char *detail = ke_json_string(node, "detail");
	double score = ke_json_number(node, "score", 0);

	ke_buf_str(b, "- ");
	text_members(b, ke_json_object(node, "choice"));
	ke_buf_fmt(b, ": %s", or_dash(ke_json_string(node, "status")));
	if (score > 0)
		ke_buf_fmt(b, ", score %.4g", score);
	if (strategy != NULL) {
		ke_buf_str(b, "; ");
		text_line(b, strategy, REASON_MAX);
	}
	if (detail != NULL) {
		ke_buf_str(b, ": ");
		text_line(b, detail, REASON_MAX);
	}
	ke_buf_str(b, "\n");
}

/* The sections on what was tried: newest first, and so the oldest are cut
 * first.  Without a parent the rows come from several sources. */
static void
tell_tried(struct sections *p, const cJSON *tried, bool has_parent)
{
	struct section *s = NULL;
	const cJSON *v;
	int rows = 0;

	cJSON_ArrayForEach(v, tried) {
		const char *source = ke_json_string(v, "source");

		if (rows++ % TRIED_ROWS == 0) {
			s = section_add(p, KEEP_TRIED);
			s->uses = tried;
		}
		if (rows == 1)
			ke_buf_fmt(&s->text, "## Tried already, newest first"
			    "%s\n\n", has_parent
			    ? " (the parent's source, by choice)" : "");
		if (!has_parent && source != NULL)
			ke_buf_fmt(&s->text, "- source %.8s:\n  ", source);
		tell_node(&s->text, v);
	}
	if (s != NULL)
		ke_buf_str(&s->text, "\n");
}

static void
tell_list(struct sections *p, enum keep keep, const char *title,
    const cJSON *list)
{
	struct section *s;
	const cJSON *v;

	if (list == NULL || list->child == NULL)
		return;
	s = section_add(p, keep);
	s->uses = list;
	ke_buf_fmt(&s->text, "## %s\n\n", title);
	cJSON_ArrayForEach(v, list)
		tell_node(&s->text, v);
	ke_buf_str(&s->text, "\n");
}

/* parent (may be NULL): what has its source need not show it again. */
static void
tell_source(struct sections *p, enum keep keep, const char *title,
    const cJSON *node, const cJSON *parent, const char *language)
{
	const char *source = ke_json_string(node, "source");
	const char *shown = ke_json_string(parent, "source");
	struct section *s;

	if (node == NULL)
		return;
	s = section_add(p, keep);
	s->uses = node;
	ke_buf_fmt(&s->text, "## %s\n\nScore %.4g with choice ", title,
	    ke_json_number(node, "score", 0));
	text_members(&s->text, ke_json_object(node, "choice"));
	if (source != NULL && shown != NULL && strcmp(source, shown) == 0) {
		ke_buf_str(&s->text, ", from the parent's source.\n");
	} else if (source != NULL) {
		ke_buf_str(&s->text, "\n\n");
		text_fence(&s->text, language, source);
	}
	ke_buf_str(&s->text, "\n");
}

/* A kernel for something like this: what for, and in which respects. */
static void
tell_similar(struct sections *p, const cJSON *node, const cJSON *parent)
{
	const char *language = ke_json_string(node, "language"),
	    *op = ke_json_string(node, "op"),
	    *target = ke_json_string(node, "target"),
	    *shares = ke_json_string(node, "shares");
	struct ke_buf title = {0};

	ke_buf_str(&title, "A good kernel for another task: ");
	text_line(&title, or_dash(op), REASON_MAX);
	ke_buf_str(&title, " on ");
	text_line(&title, or_dash(target), REASON_MAX);
	if (shares != NULL) {
		ke_buf_str(&title, " (in common: ");
		text_line(&title, shares, REASON_MAX);
		ke_buf_str(&title, ")");
	}
	tell_source(p, KEEP_REUSED, title.s, node, parent,
	    language == NULL ? "" : language);
	ke_buf_free(&title);
}

void
history_tell(struct sections *p, const cJSON *context, const char *language)
{
	const cJSON *parent = ke_json_object(context, "parent"), *v;

	tell_tried(p, ke_json_array(context, "tried"), parent != NULL);
	tell_list(p, KEEP_ANCESTORS, "Ancestors of the parent, nearest first",
	    ke_json_array(context, "ancestors"));
	tell_list(p, KEEP_SIBLINGS, "Siblings: other children of the parent",
	    ke_json_array(context, "siblings"));
	tell_list(p, KEEP_SIBLINGS, "Steps that failed or gained nothing on "
	    "the way to the parent, newest first",
	    ke_json_array(context, "failed"));
	tell_source(p, KEEP_BEST, "The best so far",
	    ke_json_object(context, "best"), parent, language);
	cJSON_ArrayForEach(v, ke_json_array(context, "reused"))
		if (cJSON_IsObject(v))
			tell_source(p, KEEP_REUSED, "The best of another run",
			    v, parent, language);
	cJSON_ArrayForEach(v, ke_json_array(context, "similar"))
		if (cJSON_IsObject(v))
			tell_similar(p, v, parent);
}

/* A copy of the members named, as far as they are there. */
static cJSON *
some(const cJSON *node, const char *const *names, size_t n)
{
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; i < n; i++) {
		const cJSON *v = ke_json_get(node, names[i]);

		if (v != NULL)
			ke_json_set(o, names[i], cJSON_Duplicate(v, 1));
	}
	return o;
}

static cJSON *
ids(const cJSON *list, const struct sections *each_of)
{
	static const char *const names[] = {"run", "id"};
	cJSON *out = cJSON_CreateArray();
	const cJSON *v;

	cJSON_ArrayForEach(v, list)
		if (each_of == NULL || sections_use(each_of, v))
			cJSON_AddItemToArray(out,
			    some(v, names, KE_LEN(names)));
	return out;
}

void
history_trim(cJSON *rec, const struct sections *p)
{
	static const char *const parents[] = {"parent", "parent2"};
	static const char *const lists[] = {"ancestors", "siblings",
	    "failed"};
	static const char *const others[] = {"reused", "similar"};
	static const char *const kept[] = {"id", "source", "choice"};
	static const char *const whole[] = {"tried", "models"};
	cJSON *context = ke_json_object(rec, "context"), *slim;
	const cJSON *v;

	if (context == NULL)
		return;
	slim = cJSON_CreateObject();
	for (size_t i = 0; i < KE_LEN(parents); i++)
		if ((v = ke_json_object(context, parents[i])) != NULL)
			ke_json_set(slim, parents[i],
			    some(v, kept, KE_LEN(kept)));
	for (size_t i = 0; i < KE_LEN(lists); i++)
		if (sections_use(p, v = ke_json_array(context, lists[i])))
			ke_json_set(slim, lists[i], ids(v, NULL));
	if (sections_use(p, v = ke_json_object(context, "best")))
		ke_json_set(slim, "best", some(v, kept, 1));
	for (size_t i = 0; i < KE_LEN(others); i++)
		if ((v = ke_json_array(context, others[i])) != NULL)
			ke_json_set(slim, others[i], ids(v, p));
	for (size_t i = 0; i < KE_LEN(whole); i++)
		if (ke_json_array(context, whole[i]) != NULL)
			ke_json_set(slim, whole[i],
			    cJSON_DetachItemFromObjectCaseSensitive(context,
			    whole[i]));
	ke_json_set(rec, "context", slim);
}
