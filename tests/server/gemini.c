/* Gemini: POST /v1beta/models/MODEL:generateContent, and
 * :streamGenerateContent?alt=sse; also under /v1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

static bool
mine(const char *path)
{
	const char *verb = strchr(path, ':');

	return (strncmp(path, "/v1beta/models/", 15) == 0 ||
	    strncmp(path, "/v1/models/", 11) == 0) && verb != NULL &&
	    (strcmp(verb, ":generateContent") == 0 ||
	    strcmp(verb, ":streamGenerateContent") == 0);
}

static void
words(int status, struct refusal *r)
{
	static const struct {
		int status;
		const char *type, *message;
	} rows[] = {
		{400, "INVALID_ARGUMENT",
		    "Request contains an invalid argument."},
		{401, "UNAUTHENTICATED", "Request had invalid authentication "
		    "credentials."},
		{403, "PERMISSION_DENIED", "Permission denied."},
		{404, "NOT_FOUND", "The model is not found for API version "
		    "v1beta, or is not supported for generateContent."},
		{405, "INVALID_ARGUMENT", "Method not allowed."},
		{415, "INVALID_ARGUMENT", "Unsupported content type."},
		{429, "RESOURCE_EXHAUSTED",
		    "Resource has been exhausted (e.g. check quota)."},
		{500, "INTERNAL", "An internal error has occurred. Please "
		    "retry or report in "
		    "https://developers.generativeai.google/guide/"
		    "troubleshooting"},
		{503, "UNAVAILABLE", "The model is overloaded. Please try "
		    "again later."},
		{504, "DEADLINE_EXCEEDED",
		    "Deadline expired before operation could complete."},
	};

	refuse(r, status, "UNKNOWN", NULL, "An internal error has occurred.");
	for (size_t i = 0; i < KE_LEN(rows); i++)
		if (rows[i].status == status)
			refuse(r, status, rows[i].type, NULL, "%s",
			    rows[i].message);
}

static char *
error_text(const struct refusal *r)
{
	struct ke_buf b = {0};

	json_add(&b, "{'error':{'code':$d,'message':$s,'status':$s",
	    (int64_t)r->status, r->message.msg, r->type);
	if (r->delay != NULL)
		json_add(&b, ",'details':[{'@type':"
		    "'type.googleapis.com/google.rpc.RetryInfo',"
		    "'retryDelay':$s}]", r->delay);
	else if (r->code != NULL)
		json_add(&b, ",'details':[{'@type':"
		    "'type.googleapis.com/google.rpc.ErrorInfo','reason':$s,"
		    "'domain':'googleapis.com'}]", r->code);
	ke_buf_str(&b, "}}");
	return b.s;
}

static void
error(const struct refusal *r, struct body *b)
{
	char *text = error_text(r);

	ke_buf_str(&b->bytes, text);
	free(text);
}

static void
broken(const struct refusal *r, struct body *b)
{
	char *text = error_text(r);

	event_add(b, NULL, "$j", text);
	free(text);
}

/* Refused: an answer stopped for what it says.  Filtered: the prompt was. */
static const char *
finish_reason(const struct reply *a)
{
	return strcmp(a->finish, "length") == 0 ? "MAX_TOKENS"
	    : strcmp(a->finish, "refusal") == 0 ? "PROHIBITED_CONTENT"
	    : strcmp(a->finish, "filter") == 0 ? "SAFETY"
	    : strcmp(a->finish, "failed") == 0 ? "MALFORMED_FUNCTION_CALL"
	    : "STOP";
}

/* Thoughts are not among the candidates' tokens. */
static char *
usage_text(const struct reply *a, int64_t out)
{
	struct ke_buf b = {0};

	json_add(&b, "{'promptTokenCount':$d,", a->in);
	if (out > 0)
		json_add(&b, "'candidatesTokenCount':$d,", out);
	if (a->cached > 0)
		json_add(&b, "'cachedContentTokenCount':$d,", a->cached);
	if (a->thought > 0)
		json_add(&b, "'thoughtsTokenCount':$d,", a->thought);
	json_add(&b, "'totalTokenCount':$d,'promptTokensDetails':[{"
	    "'modality':'TEXT','tokenCount':$d}]}",
	    a->in + out + a->thought, a->in);
	return b.s;
}

static void
add_part(struct ke_buf *parts, char *part)
{
	if (parts->n > 0)
		ke_buf_str(parts, ",");
	ke_buf_str(parts, part);
	free(part);
}

static char *
text_part(const char *text, size_t n, bool thought)
{
	struct ke_buf b = {0};
	char *piece = ke_strndup(text, n);

	json_add(&b, thought ? "{'text':$s,'thought':true}" : "{'text':$s}",
	    piece);
	free(piece);
	return b.s;
}

static char *
call_part(const cJSON *call)
{
	struct ke_buf b = {0};
	char *args = json_text(ke_json_get(call, "args"));

	json_add(&b, "{'functionCall':{'name':$s,'args':$j},"
	    "'thoughtSignature':'c2lnbmVk'}", ke_json_string(call, "name"),
	    args);
	free(args);
	return b.s;
}

/* A response: parts, as JSON or NULL for none; finish, NULL while it goes
 * on. */
static char *
response_text(const struct reply *a, const char *parts, const char *finish)
{
	struct ke_buf b = {0};
	char id[32], *usage;

	snprintf(id, sizeof(id), "gem%08d", a->number);
	usage = usage_text(a, finish == NULL ? 0 : a->out - a->thought);
	json_add(&b, "{'candidates':[{");
	if (parts != NULL)
		json_add(&b, "'content':{'parts':[$j],'role':'model'},", parts);
	if (finish != NULL)
		json_add(&b, "'finishReason':$s,", finish);
	json_add(&b, "'index':0}],'usageMetadata':$j,'modelVersion':$s,"
	    "'responseId':$s}", usage, a->model, id);
	free(usage);
	return b.s;
}

/* A filter of prompts: no candidate, but the reason. */
static char *
blocked_text(const struct reply *a)
{
	struct ke_buf b = {0};
	char *usage = usage_text(a, 0);

	json_add(&b, "{'promptFeedback':{'blockReason':'PROHIBITED_CONTENT'},"
	    "'usageMetadata':$j,'modelVersion':$s}", usage, a->model);
	free(usage);
	return b.s;
}

static bool
is_blocked(const struct reply *a)
{
	return strcmp(a->finish, "filter") == 0 && *a->text == '\0';
}

static char *
whole_text(const struct reply *a)
{
	struct ke_buf parts = {0};
	const cJSON *call;
	char *text;

	if (is_blocked(a))
		return blocked_text(a);
	if (a->reasoning != NULL)
		add_part(&parts, text_part(a->reasoning, strlen(a->reasoning),
		    true));
	if (*a->text != '\0')
		add_part(&parts, text_part(a->text, strlen(a->text), false));
	cJSON_ArrayForEach(call, a->calls)
		add_part(&parts, call_part(call));
	text = response_text(a, parts.s, finish_reason(a));
	ke_buf_free(&parts);
	return text;
}

static void
whole(const struct reply *a, struct body *b)
{
	char *text = whole_text(a);

	ke_buf_str(&b->bytes, text);
	free(text);
}

/* As an event; lines end as this service ends them. */
static void
add_event(struct body *b, char *text)
{
	ke_buf_add(&b->starts, &b->bytes.n, sizeof(b->bytes.n));
	ke_buf_fmt(&b->bytes, "data: %s\r\n\r\n", text);
	free(text);
}

static void
add_text(struct body *b, const struct reply *a, const char *text, bool thought,
    const char *finish)
{
	for (size_t n; *text != '\0'; text += n) {
		char *part;

		n = piece_length(text, a->piece);
		part = text_part(text, n, thought);
		add_event(b, response_text(a, part,
		    text[n] == '\0' ? finish : NULL));
		free(part);
	}
}

static void
stream(const struct reply *a, struct body *b)
{
	const char *finish = finish_reason(a);
	const cJSON *call;

	if (is_blocked(a)) {
		add_event(b, blocked_text(a));
		return;
	}
	if (a->reasoning != NULL)
		add_text(b, a, a->reasoning, true, NULL);
	add_text(b, a, a->text, false, a->calls == NULL ? finish : NULL);
	cJSON_ArrayForEach(call, a->calls) {
		char *part = call_part(call);

		add_event(b, response_text(a, part,
		    call->next == NULL ? finish : NULL));
		free(part);
	}
	if (*a->text == '\0' && a->calls == NULL)
		add_event(b, response_text(a, NULL, finish));
}

const struct api api_gemini = {"gemini", mine, gemini_check, words, error,
	whole, stream, broken, NULL};
