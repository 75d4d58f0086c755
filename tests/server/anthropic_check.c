/* What Anthropic's Messages want of a request. */
#include <stdio.h>
#include <string.h>

#include "server.h"

#define INVALID "invalid_request_error"
#define CACHE_MARKS 4

const char anthropic_signature[] = "EqQBCgIYAhIMc2lnbmF0dXJl";

static const struct field fields[] = {
	{"model", cJSON_String, true},
	{"messages", cJSON_Array, true},
	{"max_tokens", cJSON_Number, true},
	{"system", cJSON_String | cJSON_Array, false},
	{"temperature", cJSON_Number, false},
	{"top_p", cJSON_Number, false},
	{"top_k", cJSON_Number, false},
	{"stop_sequences", cJSON_Array, false},
	{"stream", cJSON_True | cJSON_False, false},
	{"tools", cJSON_Array, false},
	{"tool_choice", cJSON_Object, false},
	{"thinking", cJSON_Object, false},
	{"output_config", cJSON_Object, false},
	{"metadata", cJSON_Object, false},
	{"service_tier", cJSON_String, false},
	{"container", cJSON_String | cJSON_Object, false},
	{"context_management", cJSON_Object, false},
	{"cache_control", cJSON_Object, false},
	{"speed", cJSON_String, false},
	{"inference_geo", cJSON_String, false},
	{"diagnostics", cJSON_Object, false},
	{"user_profile_id", cJSON_String, false},
	{"workspace_id", cJSON_String, false},
};

/* What the later of the two versions has no more. */
static const char *const gone[] = {"temperature", "top_p", "top_k"};

static const struct field message_fields[] = {
	{"role", cJSON_String, true},
	{"content", cJSON_String | cJSON_Array, true},
};

static const struct field tool_fields[] = {
	{"name", cJSON_String, true},
	{"input_schema", cJSON_Object, true},
	{"description", cJSON_String, false},
	{"type", cJSON_String, false},
	{"strict", cJSON_True | cJSON_False, false},
	{"cache_control", cJSON_Object, false},
};

static const struct field text_fields[] = {
	{"type", cJSON_String, true},
	{"text", cJSON_String, true},
	{"cache_control", cJSON_Object, false},
	{"citations", cJSON_Array, false},
};

static const struct field use_fields[] = {
	{"type", cJSON_String, true},
	{"id", cJSON_String, true},
	{"name", cJSON_String, true},
	{"input", cJSON_Object, true},
	{"cache_control", cJSON_Object, false},
	{"caller", cJSON_Object, false},
};

static const struct field result_fields[] = {
	{"type", cJSON_String, true},
	{"tool_use_id", cJSON_String, true},
	{"content", cJSON_String | cJSON_Array, false},
	{"is_error", cJSON_True | cJSON_False, false},
	{"cache_control", cJSON_Object, false},
};

static const struct field thinking_fields[] = {
	{"type", cJSON_String, true},
	{"thinking", cJSON_String, true},
	{"signature", cJSON_String, true},
};

static const struct {
	const char *type, *role; /* NULL: both */
	const struct field *fields;
	size_t n;
} blocks[] = {
	{"text", NULL, text_fields, KE_LEN(text_fields)},
	{"tool_use", "assistant", use_fields, KE_LEN(use_fields)},
	{"tool_result", "user", result_fields, KE_LEN(result_fields)},
	{"thinking", "assistant", thinking_fields, KE_LEN(thinking_fields)},
};

/* Says what is wrong with a member, as the service does: where, and what. */
static bool
check_fields(const cJSON *o, const struct field *f, size_t n,
    const char *where, struct refusal *r)
{
	const char *name;

	switch (fields_check(o, f, n, &name)) {
	case FINE:
		return true;
	case UNKNOWN:
		return refuse(r, 400, INVALID, NULL,
		    "%s%s: Extra inputs are not permitted", where, name);
	case MISSING:
		return refuse(r, 400, INVALID, NULL, "%s%s: Field required",
		    where, name);
	case MISTYPED:
		break;
	}
	return refuse(r, 400, INVALID, NULL, "%s%s: Input should be a valid %s",
	    where, name, "value of its type");
}

static bool
check_block(const cJSON *b, const char *role, const char *where,
    struct refusal *r)
{
	const char *type = ke_json_string(b, "type");
	const char *text = ke_json_string(b, "text");
	const char *mark = ke_json_string(b, "signature");
	size_t i = 0;

	while (i < KE_LEN(blocks) &&
	    (type == NULL || strcmp(blocks[i].type, type) != 0))
		i++;
	if (i == KE_LEN(blocks) || (blocks[i].role != NULL &&
	    strcmp(role, blocks[i].role) != 0))
		return refuse(r, 400, INVALID, NULL, "%s: Input tag '%s' found "
		    "using 'type' does not match any of the expected tags",
		    where, type);
	if (!check_fields(b, blocks[i].fields, blocks[i].n, where, r))
		return false;
	if (strcmp(type, "text") == 0 && *text == '\0')
		return refuse(r, 400, INVALID, NULL,
		    "messages: text content blocks must be non-empty");
	if (mark != NULL && strcmp(mark, anthropic_signature) != 0)
		return refuse(r, 400, INVALID, NULL,
		    "%s: Invalid `signature` in `thinking` block", where);
	return true;
}

/* A content that is not allowed to be empty: a string, or blocks. */
static bool
check_content(const cJSON *content, const char *role, int at,
    struct refusal *r)
{
	const cJSON *b;
	char where[64];
	int i = 0;

	if (cJSON_IsString(content) ? *content->valuestring == '\0'
	    : content->child == NULL)
		return refuse(r, 400, INVALID, NULL, "messages.%d: all "
		    "messages must have non-empty content except for the "
		    "optional final assistant message", at);
	if (cJSON_IsString(content))
		return true;
	cJSON_ArrayForEach(b, content) {
		snprintf(where, sizeof(where), "messages.%d.content.%d.", at,
		    i++);
		if (!check_block(b, role, where, r))
			return false;
	}
	return true;
}

/* Each tool_use is answered in the message behind it, and each result is one of
 * a tool_use before it. */
static bool
check_calls(const cJSON *message, int at, struct refusal *r)
{
	const cJSON *content = ke_json_array(message, "content"), *b;
	const cJSON *after = ke_json_array(message->next, "content");
	const cJSON *before = at == 0 ? NULL
	    : ke_json_array(message->prev, "content");

	cJSON_ArrayForEach(b, content) {
		const char *id = ke_json_string(b, "id");
		const char *of = ke_json_string(b, "tool_use_id");

		if (id != NULL && !array_has(after, "tool_use_id", id))
			return refuse(r, 400, INVALID, NULL, "messages.%d: "
			    "`tool_use` ids were found without `tool_result` "
			    "blocks immediately after: %s. Each `tool_use` "
			    "block must have a corresponding `tool_result` "
			    "block in the next message.", at, id);
		if (of != NULL && !array_has(before, "id", of))
			return refuse(r, 400, INVALID, NULL, "messages.%d."
			    "content: unexpected `tool_use_id` found in "
			    "`tool_result` blocks: %s. Each `tool_result` "
			    "block must have a corresponding `tool_use` block "
			    "in the previous message.", at, of);
	}
	return true;
}

/* With thinking on, a turn that calls tools begins with what was thought. */
static bool
check_thinking(const cJSON *json, const cJSON *message, int at,
    struct refusal *r)
{
	const char *on = ke_json_string(ke_json_object(json, "thinking"),
	    "type");
	const cJSON *content = ke_json_array(message, "content");
	const char *first = content == NULL ? NULL
	    : ke_json_string(content->child, "type");

	if (on == NULL || strcmp(on, "disabled") == 0 || first == NULL ||
	    !array_has(content, "type", "tool_use") ||
	    strcmp(first, "thinking") == 0)
		return true;
	return refuse(r, 400, INVALID, NULL, "messages.%d.content.0.type: "
	    "Expected `thinking` or `redacted_thinking`, but found `%s`. When "
	    "`thinking` is enabled, a final `assistant` message must start "
	    "with a thinking block", at, first);
}

static bool
check_messages(const cJSON *json, struct refusal *r)
{
	const cJSON *m;
	int at = 0;

	if (ke_json_array(json, "messages")->child == NULL)
		return refuse(r, 400, INVALID, NULL,
		    "messages: at least one message is required");
	cJSON_ArrayForEach(m, ke_json_array(json, "messages")) {
		const char *role = ke_json_string(m, "role");
		char where[32];

		snprintf(where, sizeof(where), "messages.%d.", at);
		if (!check_fields(m, message_fields, KE_LEN(message_fields),
		    where, r))
			return false;
		if (strcmp(role, "user") != 0 && strcmp(role, "assistant") != 0)
			return refuse(r, 400, INVALID, NULL, "messages: "
			    "Unexpected role \"%s\". The Messages API accepts "
			    "a top-level `system` parameter, not \"system\" as "
			    "an input message role.", role);
		if (at == 0 && strcmp(role, "user") != 0)
			return refuse(r, 400, INVALID, NULL, "messages: first "
			    "message must use the \"user\" role");
		if (!check_content(ke_json_get(m, "content"), role, at, r) ||
		    !check_calls(m, at, r) || !check_thinking(json, m, at, r))
			return false;
		at++;
	}
	return true;
}

static bool
check_tools(const cJSON *json, struct refusal *r)
{
	const cJSON *t;
	int at = 0;

	cJSON_ArrayForEach(t, ke_json_array(json, "tools")) {
		const char *type = ke_json_string(ke_json_object(t,
		    "input_schema"), "type");
		char where[32];

		snprintf(where, sizeof(where), "tools.%d.", at++);
		if (!check_fields(t, tool_fields, KE_LEN(tool_fields), where,
		    r))
			return false;
		if (type == NULL || strcmp(type, "object") != 0)
			return refuse(r, 400, INVALID, NULL, "%sinput_schema."
			    "type: Input should be 'object'", where);
	}
	return true;
}

/* How many marks of the prompt cache there are below. */
static int
count_marks(const cJSON *v)
{
	const cJSON *c;
	int n = 0;

	cJSON_ArrayForEach(c, v) {
		bool mark = c->string != NULL &&
		    strcmp(c->string, "cache_control") == 0;

		n += mark ? 1 : count_marks(c);
	}
	return n;
}

static bool
check_numbers(const cJSON *json, struct refusal *r)
{
	double tokens = ke_json_number(json, "max_tokens", 0);
	double t = ke_json_number(json, "temperature", 1);
	const cJSON *thinking = ke_json_object(json, "thinking");
	const char *type = ke_json_string(thinking, "type");
	bool thinks = type != NULL && strcmp(type, "disabled") != 0;

	if (tokens < 1)
		return refuse(r, 400, INVALID, NULL, "max_tokens: Input should "
		    "be greater than or equal to 1");
	if (t < 0 || t > 1)
		return refuse(r, 400, INVALID, NULL,
		    "temperature: range: 0..1");
	if (thinks && t < 1)
		return refuse(r, 400, INVALID, NULL, "`temperature` may only "
		    "be set to 1 when thinking is enabled.");
	if (thinks && ke_json_number(thinking, "budget_tokens", 0) >= tokens)
		return refuse(r, 400, INVALID, NULL, "`max_tokens` must be "
		    "greater than `thinking.budget_tokens`.");
	if (count_marks(json) > CACHE_MARKS)
		return refuse(r, 400, INVALID, NULL, "A maximum of %d blocks "
		    "with cache_control may be provided. Found %d.",
		    CACHE_MARKS, count_marks(json));
	return true;
}

static bool
check_version(const struct request *q, struct refusal *r)
{
	const char *version = header(q, "anthropic-version");

	if (version == NULL)
		return refuse(r, 400, INVALID, NULL,
		    "anthropic-version: header is required");
	if (strcmp(version, "2023-06-01") == 0)
		return true;
	if (strcmp(version, "2026-10-21") != 0)
		return refuse(r, 400, INVALID, NULL, "anthropic-version: "
		    "\"%s\" is not a valid version", version);
	for (size_t i = 0; i < KE_LEN(gone); i++)
		if (ke_json_get(q->json, gone[i]) != NULL)
			return refuse(r, 400, INVALID, NULL,
			    "%s: Extra inputs are not permitted", gone[i]);
	return true;
}

bool
anthropic_check(struct request *q, struct refusal *r)
{
	const char *key = header(q, "x-api-key");

	if (key == NULL)
		key = header(q, "authorization");
	if (key == NULL)
		return refuse(r, 401, "authentication_error", NULL,
		    "x-api-key header is required");
	if (strstr(key, "wrong") != NULL)
		return refuse(r, 401, "authentication_error", NULL,
		    "invalid x-api-key");
	if (!check_version(q, r) ||
	    !check_fields(q->json, fields, KE_LEN(fields), "", r) ||
	    !check_messages(q->json, r) || !check_tools(q->json, r) ||
	    !check_numbers(q->json, r))
		return false;
	q->stream = ke_json_true(q->json, "stream");
	q->model = ke_json_string(q->json, "model");
	return true;
}
