/* A candidate's text as what stands before its plan, the plan, and what stands
 * behind it. */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "plan.h"
#include "plan_text.h"

/* In the order in which they are printed. */
static const char *const members[] = {"tune", "choice", "require", "constants",
	"workspace", "maps", "launches", "domain", "flags"};

bool
plan_text_split(const char *source, struct plan_text *t)
{
	struct ke_err e;
	size_t at, n;

	if (ke_plan_place(source, &at, &n, &e) == -1)
		return false;
	t->before = ke_strndup(source, at);
	t->after = ke_strdup(source + at + n);
	t->json = ke_json_parse(source + at, n, &e);
	return true;
}

void
plan_text_free(struct plan_text *t)
{
	free(t->before);
	free(t->after);
	cJSON_Delete(t->json);
	*t = (struct plan_text){0};
}

char *
plan_text_join(const struct plan_text *t)
{
	const char *between = "\n{ ";
	struct ke_buf b = {0};

	ke_buf_str(&b, t->before);
	for (size_t i = 0; i < KE_LEN(members); i++) {
		const cJSON *v = ke_json_get(t->json, members[i]);
		char *printed;

		if (v == NULL || v->child == NULL)
			continue; /* an empty one says nothing */
		printed = ke_json_print(v);
		ke_buf_fmt(&b, "%s\"%s\": %s", between, members[i], printed);
		free(printed);
		between = ",\n  ";
	}
	ke_buf_fmt(&b, " }%s", t->after);
	return b.s;
}

char *
plan_text_form(const char *source)
{
	struct plan_text t;
	char hex[KE_SHA256_HEX], *text;

	if (!plan_text_split(source, &t))
		return NULL;
	text = plan_text_join(&t);
	ke_sha256_hex(text, strlen(text), hex);
	free(text);
	plan_text_free(&t);
	return ke_strdup(hex);
}
