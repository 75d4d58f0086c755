/* The parts of a prompt, and which of them fit in its budget. */
#include <math.h>
#include <stdlib.h>

#include "sections.h"

#define TOKEN_BYTES 4

struct section *
section_add(struct sections *p, enum keep keep)
{
	p->all = ke_grow(p->all, p->n + 1, sizeof(*p->all));
	p->all[p->n] = (struct section){.keep = keep};
	return &p->all[p->n++];
}

void
sections_free(struct sections *p)
{
	for (size_t i = 0; i < p->n; i++)
		ke_buf_free(&p->all[i].text);
	free(p->all);
	*p = (struct sections){0};
}

size_t
sections_tokens(const struct sections *p)
{
	size_t bytes = 0;

	for (size_t i = 0; i < p->n; i++)
		if (!p->all[i].cut)
			bytes += p->all[i].text.n;
	return (bytes + TOKEN_BYTES - 1) / TOKEN_BYTES;
}

static struct section *
least(const struct sections *p)
{
	struct section *worst = NULL;

	for (size_t i = 0; i < p->n; i++) {
		struct section *s = &p->all[i];

		if (!s->cut && s->keep != KEEP_ALWAYS &&
		    (worst == NULL || s->keep >= worst->keep))
			worst = s;
	}
	return worst;
}

int
sections_fit(struct sections *p, size_t budget, struct ke_err *e)
{
	size_t tokens;

	while ((tokens = sections_tokens(p)) > budget) {
		struct section *s = least(p);

		if (s == NULL)
			return ke_fail(e, "%zu tokens for the task, the "
			    "operator and the parent, where the budget is %zu",
			    tokens, budget);
		s->cut = true;
	}
	return 0;
}

bool
sections_use(const struct sections *p, const cJSON *part)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->all[i].cut && p->all[i].uses == part)
			return part != NULL;
	return false;
}

static void
add_message(cJSON *messages, const struct sections *p, bool system)
{
	cJSON *m = cJSON_CreateObject();
	struct ke_buf b = {0};

	for (size_t i = 0; i < p->n; i++)
		if (!p->all[i].cut && p->all[i].system == system)
			ke_buf_add(&b, p->all[i].text.s, p->all[i].text.n);
	ke_json_set_string(m, "role", system ? "system" : "user");
	ke_json_set_text(m, "content", b.s, b.n);
	cJSON_AddItemToArray(messages, m);
	ke_buf_free(&b);
}

static void
add_document(cJSON *documents, const struct pick *pick)
{
	cJSON *d = cJSON_CreateObject();

	ke_json_set_string(d, "path", pick->doc->path);
	ke_json_set_number(d, "score", round(pick->score * 1000) / 1000);
	ke_json_set_string(d, "why", pick->why);
	cJSON_AddItemToArray(documents, d);
}

cJSON *
sections_prompt(const struct sections *p, size_t budget)
{
	cJSON *prompt = cJSON_CreateObject();
	cJSON *messages = cJSON_AddArrayToObject(prompt, "messages");
	cJSON *documents = cJSON_CreateArray();

	add_message(messages, p, true);
	add_message(messages, p, false);
	for (size_t i = 0; i < p->n; i++)
		if (!p->all[i].cut && p->all[i].pick != NULL)
			add_document(documents, p->all[i].pick);
	ke_json_set(prompt, "documents", documents);
	ke_json_set_number(prompt, "tokens", (double)sections_tokens(p));
	ke_json_set_number(prompt, "budget", (double)budget);
	return prompt;
}
