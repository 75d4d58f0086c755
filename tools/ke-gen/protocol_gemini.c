/* Google's generateContent and streamGenerateContent, as ai.google.dev/api
 * has them.  A stream is the same object again and again, each with the parts
 * that are new. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol.h"

static const struct finish finishes[] = {
	{"MAX_TOKENS", "length"}, {"SAFETY", "filter"},
	{"RECITATION", "filter"}, {"LANGUAGE", "filter"},
	{"BLOCKLIST", "filter"}, {"PROHIBITED_CONTENT", "filter"},
	{"SPII", "filter"}, {"IMAGE_SAFETY", "filter"},
};

static void
path(const struct question *q, struct ke_buf *b)
{
	ke_buf_fmt(b, "/v1beta/models/%s:%s", q->model, q->stream
	    ? "streamGenerateContent?alt=sse" : "generateContent");
}

/* {parts: [{text}]} */
static cJSON *
parts_of(const char *text)
{
	cJSON *o = cJSON_CreateObject(), *parts = cJSON_CreateArray();

	cJSON_AddItemToArray(parts, protocol_object("text", text));
	ke_json_set(o, "parts", parts);
	return o;
}

static void
add_messages(cJSON *body, const cJSON *messages)
{
	cJSON *contents = cJSON_CreateArray(), *content;
	struct ke_buf system = {0};
	const cJSON *m;

	cJSON_ArrayForEach(m, messages) {
		const char *role = ke_json_string(m, "role");
		const char *text = ke_json_string(m, "content");

		if (protocol_raw(m, contents))
			continue;
		if (strcmp(role, "system") == 0) {
			ke_buf_fmt(&system, "%s%s", system.n > 0 ? "\n\n" : "",
			    text);
			continue;
		}
		content = parts_of(text);
		ke_json_set_string(content, "role",
		    strcmp(role, "assistant") == 0 ? "model" : "user");
		cJSON_AddItemToArray(contents, content);
	}
	if (system.n > 0)
		ke_json_set(body, "systemInstruction", parts_of(system.s));
	ke_json_set(body, "contents", contents);
	ke_buf_free(&system);
}

static cJSON *
make_body(const struct question *q)
{
	cJSON *body = cJSON_CreateObject(), *tools, *o;

	add_messages(body, q->messages);
	if (!isnan(q->temperature)) {
		o = cJSON_CreateObject();
		ke_json_set_number(o, "temperature", q->temperature);
		ke_json_set(body, "generationConfig", o);
	}
	if (q->tools != NULL) {
		o = cJSON_CreateObject();
		ke_json_set(o, "functionDeclarations",
		    cJSON_Duplicate(q->tools, 1));
		tools = cJSON_CreateArray();
		cJSON_AddItemToArray(tools, o);
		ke_json_set(body, "tools", tools);
	}
	return body;
}

/* Of what comes out, thoughts are counted apart. */
static void
take_usage(const cJSON *u, struct usage *to)
{
	int64_t in = usage_count(u, "promptTokenCount");
	int64_t tool = usage_count(u, "toolUsePromptTokenCount");
	int64_t out = usage_count(u, "candidatesTokenCount");
	int64_t thought = usage_count(u, "thoughtsTokenCount");
	int64_t cached = usage_count(u, "cachedContentTokenCount");

	if (in != -1)
		to->in = in + (tool > 0 ? tool : 0);
	if (out != -1 || thought != -1)
		to->out = (out > 0 ? out : 0) + (thought > 0 ? thought : 0);
	if (cached != -1)
		to->cached = cached;
	if (thought != -1)
		to->reasoning = thought;
}

/* Whether the part is text that only goes on with the one before. */
static bool
goes_on(const struct part *before, const cJSON *part)
{
	return ke_json_string(part, "text") != NULL &&
	    ke_json_string(before->start, "text") != NULL &&
	    ke_json_true(before->start, "thought") ==
	    ke_json_true(part, "thought") &&
	    ke_json_get(before->start, "thoughtSignature") == NULL;
}

static int
take_part(struct stream *s, const cJSON *part, struct reply *r,
    struct ke_err *e)
{
	const cJSON *text = ke_json_get(part, "text");
	const cJSON *signature = ke_json_get(part, "thoughtSignature");
	struct part *p;

	protocol_add_text(ke_json_true(part, "thought") ? &r->reasoning
	    : &r->text, text);
	if (s->n > 0 && goes_on(&s->parts[s->n - 1], part)) {
		p = &s->parts[s->n - 1];
		if (signature != NULL)
			ke_json_set(p->start, "thoughtSignature",
			    cJSON_Duplicate(signature, 1));
	} else {
		p = stream_part(s, (int64_t)s->n);
		if (p == NULL)
			return ke_fail(e, "more than %d parts", STREAM_PARTS);
		p->start = cJSON_Duplicate(part, 1);
	}
	protocol_add_text(&p->text, text);
	return 0;
}

static int
event(struct stream *s, const cJSON *v, struct reply *r, struct ke_err *e)
{
	const cJSON *candidate = cJSON_GetArrayItem(
	    ke_json_array(v, "candidates"), 0);
	const char *blocked = ke_json_string(
	    ke_json_object(v, "promptFeedback"), "blockReason");
	const cJSON *part;

	reply_set(&r->model, ke_json_string(v, "modelVersion"));
	reply_set(&r->id, ke_json_string(v, "responseId"));
	take_usage(ke_json_object(v, "usageMetadata"), &r->usage);
	cJSON_ArrayForEach(part, ke_json_array(
	    ke_json_object(candidate, "content"), "parts"))
		if (take_part(s, part, r, e) == -1)
			return -1;
	protocol_finish(r, ke_json_string(candidate, "finishReason"), finishes,
	    KE_LEN(finishes));
	if (blocked != NULL) {
		reply_set(&r->finish_reason, blocked);
		reply_set(&r->finish, "filter");
	}
	return 0; /* the last is the one before the end of the stream */
}

static void
end(struct stream *s, struct reply *r)
{
	cJSON *parts = cJSON_CreateArray();

	for (size_t i = 0; i < s->n; i++) {
		const struct part *p = &s->parts[i];
		cJSON *part = cJSON_Duplicate(p->start, 1);
		const cJSON *call = ke_json_object(part, "functionCall");
		char *args;

		if (p->text.n > 0)
			ke_json_set_text(part, "text", p->text.s, p->text.n);
		cJSON_AddItemToArray(parts, part);
		if (call == NULL)
			continue;
		args = ke_json_get(call, "args") == NULL ? ke_strdup("")
		    : ke_json_print(ke_json_get(call, "args"));
		reply_call(r, ke_json_string(call, "id"),
		    ke_json_string(call, "name"), args);
		free(args);
	}
	r->turn = protocol_object("role", "model");
	ke_json_set(r->turn, "parts", parts);
}

static int
whole(const cJSON *v, struct reply *r, struct ke_err *e)
{
	struct stream s = {0};
	int status;

	if (ke_json_array(v, "candidates") == NULL &&
	    ke_json_object(v, "promptFeedback") == NULL)
		return ke_fail(e, "the reply has no candidates");
	status = event(&s, v, r, e);
	if (status == 0)
		end(&s, r);
	stream_free(&s);
	return status;
}

static void
add_results(cJSON *messages, const cJSON *results)
{
	cJSON *message = cJSON_CreateObject(), *parts = cJSON_CreateArray();
	cJSON *turn = protocol_object("role", "user");
	const cJSON *result;

	cJSON_ArrayForEach(result, results) {
		cJSON *part = cJSON_CreateObject();
		cJSON *response = protocol_object("name",
		    ke_json_string(result, "name"));

		if (ke_json_string(result, "id") != NULL)
			ke_json_set_string(response, "id",
			    ke_json_string(result, "id"));
		ke_json_set(response, "response", protocol_object("result",
		    ke_json_string(result, "content")));
		ke_json_set(part, "functionResponse", response);
		cJSON_AddItemToArray(parts, part);
	}
	ke_json_set(turn, "parts", parts);
	ke_json_set(message, "raw", turn);
	cJSON_AddItemToArray(messages, message);
}

const struct protocol protocol_gemini = {"gemini",
	"https://generativelanguage.googleapis.com", "GEMINI_API_KEY",
	"x-goog-api-key: ", NULL, path, make_body, whole, event, end,
	add_results};
