/* What the protocols share. */
#include <stdlib.h>
#include <string.h>

#include "protocol.h"

static const struct protocol *const protocols[] = {&protocol_anthropic,
	&protocol_openai, &protocol_responses, &protocol_gemini};

const struct protocol *
protocol_find(const char *name)
{
	for (size_t i = 0; i < KE_LEN(protocols); i++)
		if (strcmp(protocols[i]->name, name) == 0)
			return protocols[i];
	return NULL;
}

void
protocol_merge(cJSON *into, const cJSON *patch)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, patch) {
		cJSON *there = ke_json_get(into, v->string);

		if (cJSON_IsNull(v)) {
			cJSON_DeleteItemFromObjectCaseSensitive(into,
			    v->string);
		} else if (!cJSON_IsObject(v)) {
			ke_json_set(into, v->string, cJSON_Duplicate(v, 1));
		} else {
			if (!cJSON_IsObject(there)) {
				there = cJSON_CreateObject();
				ke_json_set(into, v->string, there);
			}
			protocol_merge(there, v);
		}
	}
}

cJSON *
protocol_body(const struct protocol *p, const struct question *q)
{
	cJSON *body = p->body(q);

	protocol_merge(body, q->params);
	return body;
}

int64_t
protocol_output_max(const cJSON *body)
{
	static const char *const names[] = {"max_tokens",
	    "max_completion_tokens", "max_output_tokens", "maxOutputTokens"};
	const cJSON *config = ke_json_object(body, "generationConfig");

	for (size_t i = 0; i < KE_LEN(names); i++) {
		int64_t n = usage_count(body, names[i]);

		if (n == -1)
			n = usage_count(config, names[i]);
		if (n != -1)
			return n;
	}
	return -1;
}

struct part *
stream_part(struct stream *s, int64_t index)
{
	size_t i = index < 0 ? 0 : (size_t)index;

	if (i >= STREAM_PARTS)
		return NULL;
	if (i >= s->n) {
		s->parts = ke_grow(s->parts, i + 1, sizeof(*s->parts));
		while (s->n <= i)
			s->parts[s->n++] = (struct part){0};
	}
	return &s->parts[i];
}

void
stream_free(struct stream *s)
{
	for (size_t i = 0; i < s->n; i++) {
		cJSON_Delete(s->parts[i].start);
		ke_buf_free(&s->parts[i].text);
		ke_buf_free(&s->parts[i].extra);
	}
	free(s->parts);
	*s = (struct stream){0};
}

void
protocol_add_text(struct ke_buf *b, const cJSON *v)
{
	const char *s = cJSON_GetStringValue(v);
	const cJSON *part;

	if (s != NULL)
		ke_buf_str(b, s);
	if (cJSON_IsArray(v))
		cJSON_ArrayForEach(part, v)
			protocol_add_text(b, ke_json_get(part, "text"));
}

cJSON *
protocol_object(const char *name, const char *value)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set_string(o, name, value);
	return o;
}

void
protocol_add_results(cJSON *messages, const cJSON *results,
    const struct result_form *f)
{
	const cJSON *result;

	cJSON_ArrayForEach(result, results) {
		cJSON *message = cJSON_CreateObject();
		cJSON *raw = protocol_object(f->name, f->value);

		ke_json_set_string(raw, f->id, ke_json_string(result, "id"));
		ke_json_set_string(raw, f->content,
		    ke_json_string(result, "content"));
		ke_json_set(message, "raw", raw);
		cJSON_AddItemToArray(messages, message);
	}
}

bool
protocol_raw(const cJSON *message, cJSON *to)
{
	const cJSON *raw = ke_json_get(message, "raw"), *v;

	if (raw == NULL)
		return false;
	if (!cJSON_IsArray(raw))
		cJSON_AddItemToArray(to, cJSON_Duplicate(raw, 1));
	else
		cJSON_ArrayForEach(v, raw)
			cJSON_AddItemToArray(to, cJSON_Duplicate(v, 1));
	return true;
}

void
protocol_finish(struct reply *r, const char *word, const struct finish *table,
    size_t n)
{
	const char *finish = "stop";

	if (word == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].word, word) == 0)
			finish = table[i].finish;
	reply_set(&r->finish_reason, word);
	reply_set(&r->finish, finish);
}
