/* Records as they were. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"
#include "whole.h"

cJSON *
whole_json(struct store *st, int64_t object)
{
	struct ke_err e;
	char *text = object_text(st, object, &e);
	cJSON *v = text == NULL ? NULL : ke_json_parse(text, strlen(text), &e);

	if (v == NULL)
		errx(111, "%s: %s", st->path, e.msg);
	free(text);
	return v;
}

char *
whole_text(struct store *st, int64_t object)
{
	struct ke_err e;
	char *text = object_text(st, object, &e);

	if (text == NULL)
		errx(111, "%s: %s", st->path, e.msg);
	return text;
}

/* In the place that add left for it. */
static void
put_json(struct store *st, cJSON *rec, const char *name, int64_t object)
{
	if (object != 0)
		ke_json_set(rec, name, whole_json(st, object));
	else
		cJSON_DeleteItemFromObjectCaseSensitive(rec, name);
}

cJSON *
whole_record(struct store *st, const struct parts *p)
{
	cJSON *rec = whole_json(st, p->record);

	ke_json_set_string(rec, "id", p->id);
	ke_json_set_number(rec, "seq", (double)p->seq);
	put_json(st, rec, "prompt", p->prompt);
	if (p->source != 0) {
		char *text = whole_text(st, p->source);

		ke_json_set_string(rec, "source", text);
		free(text);
	}
	put_json(st, rec, "eval", p->eval);
	put_json(st, rec, "profile", p->profile);
	return rec;
}
