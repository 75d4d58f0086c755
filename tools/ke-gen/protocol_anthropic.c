/* Anthropic's Messages: POST /v1/messages, its streaming events and stop
 * reasons as platform.claude.com/docs has them (build-with-claude/streaming,
 * handling-stop-reasons, prompt-caching). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol.h"

#define MAX_TOKENS 16384 /* the protocol has no default of its own */

static const struct finish finishes[] = {
	{"max_tokens", "length"}, {"model_context_window_exceeded", "length"},
	{"refusal", "refusal"},
};

static void
path(const struct question *q, struct ke_buf *b)
{
	(void)q;
	ke_buf_str(b, "/v1/messages");
}

static cJSON *
text_block(const char *text)
{
	cJSON *block = protocol_object("type", "text");

	ke_json_set_string(block, "text", text);
	return block;
}

/* From here back, the prompt stays the same from one request to the next. */
static void
mark_cached(cJSON *block)
{
	if (block != NULL)
		ke_json_set(block, "cache_control",
		    protocol_object("type", "ephemeral"));
}

static cJSON *
last(const cJSON *array)
{
	return cJSON_GetArrayItem(array, cJSON_GetArraySize(array) - 1);
}

static void
add_messages(cJSON *body, const struct question *q)
{
	cJSON *system = cJSON_CreateArray(), *messages = cJSON_CreateArray();
	cJSON *turn;
	const cJSON *m;

	cJSON_ArrayForEach(m, q->messages) {
		const char *role = ke_json_string(m, "role");
		const char *content = ke_json_string(m, "content");

		if (protocol_raw(m, messages))
			continue;
		if (strcmp(role, "system") == 0) {
			cJSON_AddItemToArray(system, text_block(content));
			continue;
		}
		turn = protocol_object("role", role);
		ke_json_set(turn, "content", cJSON_CreateArray());
		cJSON_AddItemToArray(ke_json_array(turn, "content"),
		    text_block(content));
		cJSON_AddItemToArray(messages, turn);
	}
	if (cJSON_GetArraySize(system) > 0) {
		mark_cached(last(system));
		ke_json_set(body, "system", system);
	} else {
		cJSON_Delete(system);
	}
	/* with tools, all of it comes again with the next turn */
	if (q->tools != NULL)
		mark_cached(last(ke_json_array(last(messages), "content")));
	ke_json_set(body, "messages", messages);
}

static void
add_tools(cJSON *body, const cJSON *tools)
{
	cJSON *array = cJSON_CreateArray(), *o;
	const cJSON *t;

	cJSON_ArrayForEach(t, tools) {
		o = protocol_object("name", ke_json_string(t, "name"));
		ke_json_set_string(o, "description",
		    ke_json_string(t, "description"));
		ke_json_set(o, "input_schema", cJSON_Duplicate(
		    ke_json_get(t, "parameters"), 1));
		cJSON_AddItemToArray(array, o);
	}
	ke_json_set(body, "tools", array);
}

static cJSON *
make_body(const struct question *q)
{
	cJSON *body = protocol_object("model", q->model);

	ke_json_set_number(body, "max_tokens", MAX_TOKENS);
	add_messages(body, q);
	if (!isnan(q->temperature))
		ke_json_set_number(body, "temperature", q->temperature);
	if (q->tools != NULL)
		add_tools(body, q->tools);
	if (q->stream)
		ke_json_set(body, "stream", cJSON_CreateTrue());
	return body;
}

/* input_tokens are those that no cache had part in.  What an event leaves out
 * stays as it was said before. */
static void
take_usage(const cJSON *u, struct usage *to)
{
	const cJSON *details = ke_json_object(u, "output_tokens_details");
	int64_t in = usage_count(u, "input_tokens");
	int64_t read = usage_count(u, "cache_read_input_tokens");
	int64_t written = usage_count(u, "cache_creation_input_tokens");
	int64_t out = usage_count(u, "output_tokens");
	int64_t reasoning = usage_count(details, "thinking_tokens");

	if (in != -1)
		to->in = in + (read > 0 ? read : 0) +
		    (written > 0 ? written : 0);
	if (read != -1)
		to->cached = read;
	if (written != -1)
		to->cache_written = written;
	if (out != -1)
		to->out = out;
	if (reasoning != -1)
		to->reasoning = reasoning;
}

static void
take_head(const cJSON *message, struct reply *r)
{
	reply_set(&r->model, ke_json_string(message, "model"));
	reply_set(&r->id, ke_json_string(message, "id"));
	take_usage(ke_json_object(message, "usage"), &r->usage);
}

static void
take_finish(const cJSON *v, struct reply *r)
{
	protocol_finish(r, ke_json_string(v, "stop_reason"), finishes,
	    KE_LEN(finishes));
}

static bool
is_kind(const cJSON *block, const char *kind)
{
	const char *type = ke_json_string(block, "type");

	return type != NULL && strcmp(type, kind) == 0;
}

/* The turn is to be sent back block by block, as it came: signatures of
 * thinking are checked. */
static void
take_turn(const cJSON *content, struct reply *r)
{
	const cJSON *block;

	cJSON_ArrayForEach(block, content) {
		const cJSON *input = ke_json_get(block, "input");
		char *args;

		if (!is_kind(block, "tool_use"))
			continue;
		args = input == NULL ? ke_strdup("") : ke_json_print(input);
		reply_call(r, ke_json_string(block, "id"),
		    ke_json_string(block, "name"), args);
		free(args);
	}
	r->turn = protocol_object("role", "assistant");
	ke_json_set(r->turn, "content", cJSON_Duplicate(content, 1));
}

static int
whole(const cJSON *v, struct reply *r, struct ke_err *e)
{
	const cJSON *content = ke_json_array(v, "content"), *block;

	if (content == NULL)
		return ke_fail(e, "the reply has no content");
	take_head(v, r);
	cJSON_ArrayForEach(block, content) {
		protocol_add_text(&r->text, ke_json_get(block, "text"));
		protocol_add_text(&r->reasoning,
		    ke_json_get(block, "thinking"));
	}
	take_finish(v, r);
	take_turn(content, r);
	return 0;
}

static int
take_delta(struct part *p, const cJSON *delta, struct reply *r)
{
	const cJSON *text = ke_json_get(delta, "text");
	const cJSON *thinking = ke_json_get(delta, "thinking");

	protocol_add_text(&r->text, text);
	protocol_add_text(&r->reasoning, thinking);
	protocol_add_text(&p->text, text);
	protocol_add_text(&p->text, thinking);
	protocol_add_text(&p->text, ke_json_get(delta, "partial_json"));
	protocol_add_text(&p->extra, ke_json_get(delta, "signature"));
	return 0;
}

static int
event(struct stream *s, const cJSON *v, struct reply *r, struct ke_err *e)
{
	const char *type = ke_json_string(v, "type");
	const cJSON *start = ke_json_object(v, "content_block");
	struct part *p;

	if (type == NULL)
		return ke_fail(e, "an event has no type");
	if (strcmp(type, "message_start") == 0) {
		take_head(ke_json_object(v, "message"), r);
	} else if (strncmp(type, "content_block_", 14) == 0) {
		p = stream_part(s, usage_count(v, "index"));
		if (p == NULL)
			return ke_fail(e, "more than %d blocks", STREAM_PARTS);
		if (start != NULL && p->start == NULL) {
			p->start = cJSON_Duplicate(start, 1);
			take_delta(p, start, r);
		}
		return take_delta(p, ke_json_object(v, "delta"), r);
	} else if (strcmp(type, "message_delta") == 0) {
		take_usage(ke_json_object(v, "usage"), &r->usage);
		take_finish(ke_json_object(v, "delta"), r);
	}
	/* others, such as ping, say nothing; more may come to be */
	return strcmp(type, "message_stop") == 0;
}

/* The block that the part has grown to. */
static cJSON *
grown(const struct part *p)
{
	cJSON *block = cJSON_Duplicate(p->start, 1), *input;
	struct ke_err e;

	if (is_kind(block, "text"))
		ke_json_set_text(block, "text", p->text.s, p->text.n);
	if (is_kind(block, "thinking")) {
		ke_json_set_text(block, "thinking", p->text.s, p->text.n);
		ke_json_set_text(block, "signature", p->extra.s, p->extra.n);
	}
	if (is_kind(block, "tool_use") && p->text.n > 0) {
		input = reply_parse(p->text.s, p->text.n, &e);
		ke_json_set(block, "input", input != NULL ? input
		    : cJSON_CreateObject());
	}
	return block;
}

static void
end(struct stream *s, struct reply *r)
{
	cJSON *content = cJSON_CreateArray();

	for (size_t i = 0; i < s->n; i++)
		if (s->parts[i].start != NULL)
			cJSON_AddItemToArray(content, grown(&s->parts[i]));
	take_turn(content, r);
	cJSON_Delete(content);
}

static void
add_results(cJSON *messages, const cJSON *results)
{
	cJSON *message = cJSON_CreateObject(), *content = cJSON_CreateArray();
	cJSON *turn = protocol_object("role", "user"), *block;
	const cJSON *result;

	cJSON_ArrayForEach(result, results) {
		block = protocol_object("type", "tool_result");
		ke_json_set_string(block, "tool_use_id",
		    ke_json_string(result, "id"));
		ke_json_set_string(block, "content",
		    ke_json_string(result, "content"));
		cJSON_AddItemToArray(content, block);
	}
	ke_json_set(turn, "content", content);
	ke_json_set(message, "raw", turn);
	cJSON_AddItemToArray(messages, message);
}

const struct protocol protocol_anthropic = {"anthropic",
	"https://api.anthropic.com", "ANTHROPIC_API_KEY", "x-api-key: ",
	"anthropic-version: 2023-06-01", path, make_body, whole,
	event, end, add_results};
