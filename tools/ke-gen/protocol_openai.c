/* OpenAI's Chat Completions, which many servers speak: POST
 * /chat/completions.  As platform.openai.com/docs/api-reference has it; fields
 * that other servers add (reasoning in vLLM, DeepSeek, OpenRouter and Ollama)
 * are taken where they come. */
#include <math.h>
#include <string.h>

#include "protocol.h"

static const struct finish finishes[] = {
	{"length", "length"}, {"content_filter", "filter"},
};

static void
path(const struct question *q, struct ke_buf *b)
{
	(void)q;
	ke_buf_str(b, "/chat/completions");
}

static void
add_tools(cJSON *body, const cJSON *tools)
{
	cJSON *array = cJSON_CreateArray(), *o;
	const cJSON *t;

	cJSON_ArrayForEach(t, tools) {
		o = protocol_object("type", "function");
		ke_json_set(o, "function", cJSON_Duplicate(t, 1));
		cJSON_AddItemToArray(array, o);
	}
	ke_json_set(body, "tools", array);
}

static cJSON *
make_body(const struct question *q)
{
	cJSON *body = protocol_object("model", q->model), *options;
	cJSON *messages = cJSON_CreateArray();
	const cJSON *m;

	cJSON_ArrayForEach(m, q->messages)
		if (!protocol_raw(m, messages))
			cJSON_AddItemToArray(messages, cJSON_Duplicate(m, 1));
	ke_json_set(body, "messages", messages);
	if (!isnan(q->temperature))
		ke_json_set_number(body, "temperature", q->temperature);
	if (q->tools != NULL)
		add_tools(body, q->tools);
	if (q->stream) {
		options = cJSON_CreateObject();
		ke_json_set(options, "include_usage", cJSON_CreateTrue());
		ke_json_set(body, "stream", cJSON_CreateTrue());
		ke_json_set(body, "stream_options", options);
	}
	return body;
}

static void
take_usage(const cJSON *u, struct usage *to)
{
	const cJSON *in = ke_json_object(u, "prompt_tokens_details");
	const cJSON *out = ke_json_object(u, "completion_tokens_details");

	if (u == NULL)
		return;
	*to = (struct usage){usage_count(u, "prompt_tokens"),
	    usage_count(u, "completion_tokens"),
	    usage_count(in, "cached_tokens"),
	    usage_count(in, "cache_write_tokens"),
	    usage_count(out, "reasoning_tokens")};
	if (to->cached == -1) /* DeepSeek's */
		to->cached = usage_count(u, "prompt_cache_hit_tokens");
}

/* Text of a message, or of a piece of one. */
static void
take_text(const cJSON *message, struct reply *r)
{
	static const char *const names[] = {"reasoning_content", "reasoning"};
	const cJSON *refusal = ke_json_get(message, "refusal"), *v;

	protocol_add_text(&r->text, ke_json_get(message, "content"));
	for (size_t i = 0; i < KE_LEN(names); i++) {
		v = ke_json_get(message, names[i]);
		protocol_add_text(&r->reasoning, v);
		if (cJSON_IsString(v)) /* some send both, with the same text */
			break;
	}
	if (cJSON_IsString(refusal) && *refusal->valuestring != '\0') {
		protocol_add_text(&r->text, refusal);
		reply_set(&r->finish, "refusal");
	}
}

static void
take_finish(const cJSON *choice, struct reply *r)
{
	bool refused = r->finish != NULL && strcmp(r->finish, "refusal") == 0;

	protocol_finish(r, ke_json_string(choice, "finish_reason"), finishes,
	    KE_LEN(finishes));
	if (refused)
		reply_set(&r->finish, "refusal");
}

static void
take_head(const cJSON *v, struct reply *r)
{
	reply_set(&r->model, ke_json_string(v, "model"));
	reply_set(&r->id, ke_json_string(v, "id"));
	take_usage(ke_json_object(v, "usage"), &r->usage);
}

/* The turn, made of what came.  calls is what the protocol calls tool_calls,
 * or NULL. */
static void
make_turn(struct reply *r, const cJSON *calls)
{
	const cJSON *c;

	r->turn = protocol_object("role", "assistant");
	if (r->text.n > 0)
		ke_json_set_text(r->turn, "content", r->text.s, r->text.n);
	else
		ke_json_set(r->turn, "content", cJSON_CreateNull());
	if (cJSON_GetArraySize(calls) == 0)
		return;
	ke_json_set(r->turn, "tool_calls", cJSON_Duplicate(calls, 1));
	cJSON_ArrayForEach(c, calls) {
		const cJSON *f = ke_json_object(c, "function");

		reply_call(r, ke_json_string(c, "id"),
		    ke_json_string(f, "name"), ke_json_string(f, "arguments"));
	}
}

static int
whole(const cJSON *v, struct reply *r, struct ke_err *e)
{
	const cJSON *choice = cJSON_GetArrayItem(
	    ke_json_array(v, "choices"), 0);
	const cJSON *message = ke_json_object(choice, "message");

	if (message == NULL)
		return ke_fail(e, "the reply has no choices[0].message");
	take_head(v, r);
	take_text(message, r);
	take_finish(choice, r);
	make_turn(r, ke_json_array(message, "tool_calls"));
	return 0;
}

/* A piece of a call: the first has its id and name, all have arguments. */
static int
take_call(struct stream *s, const cJSON *call, struct ke_err *e)
{
	struct part *p = stream_part(s, usage_count(call, "index"));

	if (p == NULL)
		return ke_fail(e, "more than %d calls", STREAM_PARTS);
	if (p->start == NULL)
		p->start = cJSON_Duplicate(call, 1);
	protocol_add_text(&p->text, ke_json_get(
	    ke_json_object(call, "function"), "arguments"));
	return 0;
}

static int
event(struct stream *s, const cJSON *v, struct reply *r, struct ke_err *e)
{
	const cJSON *choice = cJSON_GetArrayItem(
	    ke_json_array(v, "choices"), 0);
	const cJSON *delta = ke_json_object(choice, "delta"), *call;

	take_head(v, r);
	take_text(delta, r);
	take_finish(choice, r);
	cJSON_ArrayForEach(call, ke_json_array(delta, "tool_calls"))
		if (take_call(s, call, e) == -1)
			return -1;
	return 0; /* the last is [DONE], which isn't JSON */
}

static void
end(struct stream *s, struct reply *r)
{
	cJSON *calls = cJSON_CreateArray();

	for (size_t i = 0; i < s->n; i++) {
		const struct part *p = &s->parts[i];
		cJSON *call, *function;

		if (ke_json_object(p->start, "function") == NULL)
			continue;
		call = cJSON_Duplicate(p->start, 1);
		function = ke_json_object(call, "function");
		cJSON_DeleteItemFromObjectCaseSensitive(call, "index");
		ke_json_set_text(function, "arguments", p->text.s, p->text.n);
		cJSON_AddItemToArray(calls, call);
	}
	make_turn(r, calls);
	cJSON_Delete(calls);
}

static void
add_results(cJSON *messages, const cJSON *results)
{
	static const struct result_form form = {"role", "tool", "tool_call_id",
	    "content"};

	protocol_add_results(messages, results, &form);
}

const struct protocol protocol_openai = {"openai",
	"https://api.openai.com/v1", "OPENAI_API_KEY",
	"Authorization: Bearer ", NULL, path, make_body, whole, event, end,
	add_results};
