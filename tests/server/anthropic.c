/* Anthropic's Messages: POST /v1/messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

#define INVALID "invalid_request_error"

static bool
mine(const char *path)
{
	return strcmp(path, "/v1/messages") == 0;
}

static void
words(int status, struct refusal *r)
{
	static const struct {
		int status;
		const char *type, *message;
	} rows[] = {
		{400, INVALID, "Invalid request"},
		{401, "authentication_error", "invalid x-api-key"},
		{403, "permission_error", "Your API key does not have "
		    "permission to use the specified resource"},
		{404, "not_found_error", "model: not found"},
		{405, INVALID, "Method Not Allowed"},
		{413, "request_too_large",
		    "Request exceeds the maximum size"},
		{415, INVALID, "Unsupported content type"},
		{429, "rate_limit_error", "This request would exceed your "
		    "organization's rate limit"},
		{500, "api_error", "Internal server error"},
		{504, "timeout_error", "Request timed out"},
		{529, "overloaded_error", "Overloaded"},
	};

	refuse(r, status, "api_error", NULL, "Internal server error");
	for (size_t i = 0; i < KE_LEN(rows); i++)
		if (rows[i].status == status)
			refuse(r, status, rows[i].type, NULL, "%s",
			    rows[i].message);
}

static void
error(const struct refusal *r, struct body *b)
{
	json_add(&b->bytes, "{'type':'error','error':{'type':$s,'message':$s},"
	    "'request_id':'req_1'}", r->type, r->message.msg);
}

static void
broken(const struct refusal *r, struct body *b)
{
	event_add(b, "error", "{'type':'error','error':{'type':$s,"
	    "'message':$s},'request_id':'req_1'}", r->type, r->message.msg);
}

/* Filters are the refusals of this service. */
static const char *
stop_reason(const struct reply *a)
{
	if (strcmp(a->finish, "length") == 0)
		return "max_tokens";
	if (strcmp(a->finish, "refusal") == 0 ||
	    strcmp(a->finish, "filter") == 0)
		return "refusal";
	return a->calls != NULL ? "tool_use" : "end_turn";
}

/* Tokens that went in are those that no cache had a part in. */
static void
add_usage(struct ke_buf *b, const struct reply *a, int64_t out)
{
	json_add(b, "{'input_tokens':$d,'cache_creation_input_tokens':$d,"
	    "'cache_read_input_tokens':$d,'cache_creation':{"
	    "'ephemeral_5m_input_tokens':$d,'ephemeral_1h_input_tokens':0},"
	    "'output_tokens':$d,'output_tokens_details':{"
	    "'thinking_tokens':$d},'service_tier':'standard'}",
	    a->in - a->cached - a->written, a->written, a->cached, a->written,
	    out, out == a->out ? a->thought : 0);
}

static void
add_call(struct ke_buf *b, const cJSON *call, int number, int at,
    const char *args)
{
	char id[32];

	snprintf(id, sizeof(id), "toolu_%08d%d", number, at);
	json_add(b, "{'type':'tool_use','id':$s,'name':$s,'input':$j}", id,
	    ke_json_string(call, "name"), args);
}

static void
add_content(struct ke_buf *b, const struct reply *a)
{
	const char *comma = "";
	const cJSON *call;
	int at = 0;

	if (a->reasoning != NULL) {
		json_add(b, "{'type':'thinking','thinking':$s,'signature':$s}",
		    a->reasoning, anthropic_signature);
		comma = ",";
	}
	if (*a->text != '\0') {
		json_add(b, "$j{'type':'text','text':$s}", comma, a->text);
		comma = ",";
	}
	cJSON_ArrayForEach(call, a->calls) {
		char *args = json_text(ke_json_get(call, "args"));

		ke_buf_str(b, comma);
		add_call(b, call, a->number, at++, args);
		comma = ",";
		free(args);
	}
}

static void
add_message(struct ke_buf *b, const struct reply *a, bool whole)
{
	char id[32];

	snprintf(id, sizeof(id), "msg_%08d", a->number);
	json_add(b, "{'id':$s,'type':'message','role':'assistant','model':$s,"
	    "'content':[", id, a->model);
	if (whole)
		add_content(b, a);
	json_add(b, "],'stop_reason':$s,'stop_sequence':null,'usage':",
	    whole ? stop_reason(a) : NULL);
	add_usage(b, a, whole ? a->out : 1);
	ke_buf_str(b, "}");
}

static void
whole(const struct reply *a, struct body *b)
{
	add_message(&b->bytes, a, true);
}

/* A block of the stream: its start, its text in pieces, its end. */
static void
add_block(struct body *b, const char *start, const char *delta,
    const char *member, const char *text, size_t piece, int64_t index)
{
	event_add(b, "content_block_start", "{'type':'content_block_start',"
	    "'index':$d,'content_block':$j}", index, start);
	if (index == 0)
		event_add(b, "ping", "{'type': 'ping'}");
	for (size_t n; *text != '\0'; text += n) {
		char *part;

		n = piece_length(text, piece);
		part = ke_strndup(text, n);
		event_add(b, "content_block_delta",
		    "{'type':'content_block_delta','index':$d,'delta':{"
		    "'type':$s,$s:$s}}", index, delta, member, part);
		free(part);
	}
	if (strcmp(delta, "thinking_delta") == 0)
		event_add(b, "content_block_delta",
		    "{'type':'content_block_delta','index':$d,'delta':{"
		    "'type':'signature_delta','signature':$s}}", index,
		    anthropic_signature);
	event_add(b, "content_block_stop",
	    "{'type':'content_block_stop','index':$d}", index);
}

static void
add_calls(struct body *b, const struct reply *a, int64_t index)
{
	const cJSON *call;
	int at = 0;

	cJSON_ArrayForEach(call, a->calls) {
		struct ke_buf start = {0};
		char *args = json_text(ke_json_get(call, "args"));

		add_call(&start, call, a->number, at++, "{}");
		add_block(b, start.s, "input_json_delta", "partial_json", args,
		    a->piece, index++);
		ke_buf_free(&start);
		free(args);
	}
}

static void
stream(const struct reply *a, struct body *b)
{
	struct ke_buf part = {0};
	int64_t index = 0;

	add_message(&part, a, false);
	event_add(b, "message_start", "{'type':'message_start','message':$j}",
	    part.s);
	ke_buf_free(&part);
	if (a->reasoning != NULL)
		add_block(b, "{\"type\":\"thinking\",\"thinking\":\"\","
		    "\"signature\":\"\"}", "thinking_delta", "thinking",
		    a->reasoning, a->piece, index++);
	if (*a->text != '\0')
		add_block(b, "{\"type\":\"text\",\"text\":\"\"}", "text_delta",
		    "text", a->text, a->piece, index++);
	add_calls(b, a, index);
	add_usage(&part, a, a->out);
	event_add(b, "message_delta", "{'type':'message_delta','delta':{"
	    "'stop_reason':$s,'stop_sequence':null},'usage':$j}",
	    stop_reason(a), part.s);
	event_add(b, "message_stop", "{'type':'message_stop'}");
	ke_buf_free(&part);
}

const struct api api_anthropic = {"anthropic", mine, anthropic_check,
	words, error, whole, stream, broken, "request-id"};
