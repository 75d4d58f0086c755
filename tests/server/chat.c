/* OpenAI's Chat Completions, which many servers speak: POST
 * /v1/chat/completions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

#define INVALID "invalid_request_error"
#define BOOL (cJSON_True | cJSON_False)

static const struct field fields[] = {
	{"model", cJSON_String, true},
	{"messages", cJSON_Array, true},
	{"max_completion_tokens", cJSON_Number, false},
	{"max_tokens", cJSON_Number, false},
	{"temperature", cJSON_Number, false},
	{"top_p", cJSON_Number, false},
	{"n", cJSON_Number, false},
	{"stop", cJSON_String | cJSON_Array, false},
	{"stream", BOOL, false},
	{"stream_options", cJSON_Object, false},
	{"frequency_penalty", cJSON_Number, false},
	{"presence_penalty", cJSON_Number, false},
	{"logit_bias", cJSON_Object, false},
	{"logprobs", BOOL, false},
	{"top_logprobs", cJSON_Number, false},
	{"seed", cJSON_Number, false},
	{"tools", cJSON_Array, false},
	{"tool_choice", cJSON_String | cJSON_Object, false},
	{"parallel_tool_calls", BOOL, false},
	{"reasoning_effort", cJSON_String, false},
	{"verbosity", cJSON_String, false},
	{"response_format", cJSON_Object, false},
	{"metadata", cJSON_Object, false},
	{"store", BOOL, false},
	{"user", cJSON_String, false},
	{"service_tier", cJSON_String, false},
	{"prediction", cJSON_Object, false},
	{"modalities", cJSON_Array, false},
	{"prompt_cache_key", cJSON_String, false},
	{"prompt_cache_options", cJSON_Object, false},
	{"prompt_cache_retention", cJSON_String, false},
	{"safety_identifier", cJSON_String, false},
	{"web_search_options", cJSON_Object, false},
	{"audio", cJSON_Object, false},
};

static const struct field message_fields[] = {
	{"role", cJSON_String, true},
	{"content", cJSON_String | cJSON_Array, false},
	{"refusal", cJSON_String, false},
	{"name", cJSON_String, false},
	{"tool_calls", cJSON_Array, false},
	{"tool_call_id", cJSON_String, false},
	{"annotations", cJSON_Array, false},
	{"audio", cJSON_Object, false},
	{"reasoning_content", cJSON_String, false}, /* of other servers */
	{"reasoning", cJSON_String, false},
};

static const struct field tool_fields[] = {
	{"type", cJSON_String, true},
	{"function", cJSON_Object, true},
};

static const struct field function_fields[] = {
	{"name", cJSON_String, true},
	{"description", cJSON_String, false},
	{"parameters", cJSON_Object, false},
	{"strict", BOOL, false},
};

static bool
mine(const char *path)
{
	return strcmp(path, "/v1/chat/completions") == 0;
}

static bool
is_role(const char *role)
{
	static const char *const roles[] = {"developer", "system", "user",
		"assistant", "tool", "function"};

	for (size_t i = 0; i < KE_LEN(roles); i++)
		if (strcmp(roles[i], role) == 0)
			return true;
	return false;
}

/* The tool messages behind a turn answer each of its calls. */
static bool
check_results(const cJSON *message, struct refusal *r)
{
	const cJSON *call;

	cJSON_ArrayForEach(call, ke_json_array(message, "tool_calls")) {
		const char *id = ke_json_string(call, "id");
		const cJSON *m = message->next;
		bool found = false;

		for (; m != NULL && !found; m = m->next) {
			const char *of = ke_json_string(m, "tool_call_id");

			if (of == NULL)
				break;
			found = id != NULL && strcmp(of, id) == 0;
		}
		if (!found) {
			r->param = "messages";
			return refuse(r, 400, INVALID, NULL, "An assistant "
			    "message with 'tool_calls' must be followed by "
			    "tool messages responding to each 'tool_call_id'. "
			    "The following tool_call_ids did not have response "
			    "messages: %s", id);
		}
	}
	return true;
}

/* A tool message stands behind the calls that it answers, or behind others. */
static bool
check_order(const cJSON *messages, const cJSON *message, struct refusal *r)
{
	const cJSON *m = message;

	while (m != messages->child && ke_json_get(m, "tool_call_id") != NULL)
		m = m->prev;
	if (array_has(ke_json_array(m, "tool_calls"), "id",
	    ke_json_string(message, "tool_call_id")))
		return true;
	r->param = "messages";
	return refuse(r, 400, INVALID, NULL, "Invalid parameter: messages with "
	    "role 'tool' must be a response to a preceeding message with "
	    "'tool_calls'.");
}

static bool
check_message(const cJSON *messages, const cJSON *m, int at, struct refusal *r)
{
	const char *role = ke_json_string(m, "role");
	const cJSON *content = ke_json_get(m, "content");
	char where[48];

	snprintf(where, sizeof(where), "messages[%d].", at);
	if (!openai_fields(m, message_fields, KE_LEN(message_fields), where, r))
		return false;
	r->param = "messages";
	if (!is_role(role))
		return refuse(r, 400, INVALID, "invalid_value", "Invalid "
		    "value: '%s'. Supported values are: 'system', 'assistant', "
		    "'user', 'function', 'tool', and 'developer'.", role);
	if ((content == NULL || cJSON_IsNull(content)) &&
	    ke_json_get(m, "tool_calls") == NULL)
		return refuse(r, 400, INVALID, NULL, "Invalid value for "
		    "'content': expected a string, got null.");
	if (strcmp(role, "tool") == 0 && !check_order(messages, m, r))
		return false;
	return check_results(m, r);
}

static bool
check_tools(const cJSON *json, struct refusal *r)
{
	const cJSON *t;
	int at = 0;

	cJSON_ArrayForEach(t, ke_json_array(json, "tools")) {
		char where[48];

		snprintf(where, sizeof(where), "tools[%d].", at++);
		if (!openai_fields(t, tool_fields, KE_LEN(tool_fields), where,
		    r) || !openai_fields(ke_json_object(t, "function"),
		    function_fields, KE_LEN(function_fields), where, r))
			return false;
	}
	return true;
}

/* Parameters that exclude each other, or the model. */
static bool
check_parameters(const cJSON *json, struct refusal *r)
{
	bool thinks = openai_thinks(ke_json_string(json, "model"));
	double t = ke_json_number(json, "temperature", 1);

	if (ke_json_get(json, "stream_options") != NULL &&
	    !ke_json_true(json, "stream")) {
		r->param = "stream_options";
		return refuse(r, 400, INVALID, NULL, "The 'stream_options' "
		    "parameter is only allowed when 'stream' is enabled.");
	}
	if (thinks && ke_json_get(json, "max_tokens") != NULL) {
		r->param = "max_tokens";
		return refuse(r, 400, INVALID, "unsupported_parameter",
		    "Unsupported parameter: 'max_tokens' is not supported with "
		    "this model. Use 'max_completion_tokens' instead.");
	}
	r->param = "temperature";
	if (thinks && (t < 1 || t > 1))
		return refuse(r, 400, INVALID, "unsupported_value",
		    "Unsupported value: 'temperature' does not support %g with "
		    "this model. Only the default (1) value is supported.", t);
	if (t < 0 || t > 2)
		return refuse(r, 400, INVALID, "decimal_above_max_value",
		    "Invalid 'temperature': decimal above maximum value.");
	r->param = NULL;
	return true;
}

static bool
check(struct request *q, struct refusal *r)
{
	const cJSON *messages, *m;
	int at = 0;

	if (!openai_key(q, r) ||
	    !openai_fields(q->json, fields, KE_LEN(fields), "", r) ||
	    !check_parameters(q->json, r) || !check_tools(q->json, r))
		return false;
	messages = ke_json_array(q->json, "messages");
	r->param = "messages";
	if (messages->child == NULL)
		return refuse(r, 400, INVALID, "empty_array", "Invalid "
		    "'messages': empty array. Expected an array with minimum "
		    "length 1, but got an empty array instead.");
	cJSON_ArrayForEach(m, messages)
		if (!check_message(messages, m, at++, r))
			return false;
	q->stream = ke_json_true(q->json, "stream");
	q->model = ke_json_string(q->json, "model");
	return true;
}

static void
broken(const struct refusal *r, struct body *b)
{
	event_add(b, NULL, "{'error':{'message':$s,'type':$s,'param':null,"
	    "'code':$s}}", r->message.msg, r->type, r->code);
}

static const char *
finish_reason(const struct reply *a)
{
	if (strcmp(a->finish, "length") == 0)
		return "length";
	if (strcmp(a->finish, "filter") == 0)
		return "content_filter";
	return a->calls != NULL ? "tool_calls" : "stop";
}

static char *
usage_text(const struct reply *a)
{
	struct ke_buf b = {0};

	if (a->in == -1)
		return ke_strdup("null");
	json_add(&b, "{'prompt_tokens':$d,'completion_tokens':$d,"
	    "'total_tokens':$d,'prompt_tokens_details':{'cached_tokens':$d,"
	    "'cache_write_tokens':$d,'audio_tokens':0},"
	    "'completion_tokens_details':{"
	    "'reasoning_tokens':$d,'audio_tokens':0,"
	    "'accepted_prediction_tokens':0,'rejected_prediction_tokens':0}}",
	    a->in, a->out, a->in + a->out, a->cached, a->written, a->thought);
	return b.s;
}

static void
add_call(struct ke_buf *b, const cJSON *call, const struct reply *a, int at,
    const char *args)
{
	char id[32];

	snprintf(id, sizeof(id), "call_%08d%d", a->number, at);
	json_add(b, "'id':$s,'type':'function','function':{'name':$s,"
	    "'arguments':$s}", id, ke_json_string(call, "name"), args);
}

static void
whole(const struct reply *a, struct body *b)
{
	char id[32], *usage = usage_text(a);
	bool refused = strcmp(a->finish, "refusal") == 0;
	const cJSON *call;
	int at = 0;

	snprintf(id, sizeof(id), "chatcmpl-%08d", a->number);
	json_add(&b->bytes, "{'id':$s,'object':'chat.completion',"
	    "'created':1750000000,'model':$s,'choices':[{'index':0,'message':{"
	    "'role':'assistant','content':$s,'refusal':$s,'annotations':[]",
	    id, a->model, refused || (a->calls != NULL && *a->text == '\0') ?
	    NULL : a->text, refused ? a->text : NULL);
	if (a->reasoning != NULL)
		json_add(&b->bytes, ",'reasoning_content':$s", a->reasoning);
	cJSON_ArrayForEach(call, a->calls) {
		char *args = json_text(ke_json_get(call, "args"));

		json_add(&b->bytes, at == 0 ? ",'tool_calls':[{" : ",{");
		add_call(&b->bytes, call, a, at++, args);
		ke_buf_str(&b->bytes, "}");
		free(args);
	}
	json_add(&b->bytes, "$j},'logprobs':null,'finish_reason':$s}],"
	    "'usage':$j,'service_tier':'default','system_fingerprint':'fp_1'}",
	    at > 0 ? "]" : "", finish_reason(a), usage);
	free(usage);
}

/* A chunk of the stream: choices and usage, as JSON. */
static void
add_chunk(struct body *b, const struct reply *a, const char *choices,
    const char *usage)
{
	char id[32];

	snprintf(id, sizeof(id), "chatcmpl-%08d", a->number);
	event_add(b, NULL, "{'id':$s,'object':'chat.completion.chunk',"
	    "'created':1750000000,'model':$s,'service_tier':'default',"
	    "'system_fingerprint':'fp_1','choices':$j$j$j}", id, a->model,
	    choices, usage == NULL ? "" : ",\"usage\":",
	    usage == NULL ? "" : usage);
}

/* A chunk with a delta, as JSON, and the reason why it is the last. */
static void
add_delta(struct body *b, const struct reply *a, const char *delta,
    const char *finish)
{
	const cJSON *options = ke_json_object(a->request->json,
	    "stream_options");
	struct ke_buf choices = {0};

	json_add(&choices, "[{'index':0,'delta':{$j},'logprobs':null,"
	    "'finish_reason':$s}]", delta, finish);
	add_chunk(b, a, choices.s,
	    ke_json_true(options, "include_usage") ? "null" : NULL);
	ke_buf_free(&choices);
}

/* Text in pieces, each the one string of a pattern. */
static void
add_text(struct body *b, const struct reply *a, const char *pattern,
    const char *text)
{
	for (size_t n; *text != '\0'; text += n) {
		struct ke_buf delta = {0};
		char *part;

		n = piece_length(text, a->piece);
		part = ke_strndup(text, n);
		json_add(&delta, pattern, part);
		add_delta(b, a, delta.s, NULL);
		ke_buf_free(&delta);
		free(part);
	}
}

static void
add_calls(struct body *b, const struct reply *a)
{
	const cJSON *call;
	int at = 0;

	cJSON_ArrayForEach(call, a->calls) {
		struct ke_buf delta = {0};
		char pattern[80], *args = json_text(ke_json_get(call, "args"));

		json_add(&delta, "'tool_calls':[{'index':$d,", (int64_t)at);
		add_call(&delta, call, a, at, "");
		ke_buf_str(&delta, "}]");
		add_delta(b, a, delta.s, NULL);
		snprintf(pattern, sizeof(pattern), "'tool_calls':[{'index':%d,"
		    "'function':{'arguments':$s}}]", at++);
		add_text(b, a, pattern, args);
		ke_buf_free(&delta);
		free(args);
	}
}

static void
stream(const struct reply *a, struct body *b)
{
	const cJSON *options = ke_json_object(a->request->json,
	    "stream_options");
	bool refused = strcmp(a->finish, "refusal") == 0;
	char *usage = usage_text(a);

	add_delta(b, a, "\"role\":\"assistant\",\"content\":\"\","
	    "\"refusal\":null", NULL);
	if (a->reasoning != NULL)
		add_text(b, a, "'reasoning_content':$s", a->reasoning);
	add_text(b, a, refused ? "'refusal':$s" : "'content':$s", a->text);
	add_calls(b, a);
	add_delta(b, a, "", finish_reason(a));
	if (ke_json_true(options, "include_usage") && a->in != -1)
		add_chunk(b, a, "[]", usage);
	ke_buf_add(&b->starts, &b->bytes.n, sizeof(b->bytes.n));
	ke_buf_str(&b->bytes, "data: [DONE]\n\n");
	free(usage);
}

const struct api api_chat = {"chat", mine, check, openai_words, openai_error,
	whole, stream, broken, "x-request-id"};
