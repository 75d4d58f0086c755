/* What OpenAI's Responses want of a request. */
#include <stdio.h>
#include <string.h>

#include "server.h"

#define INVALID "invalid_request_error"
#define BOOL (cJSON_True | cJSON_False)

static const struct field fields[] = {
	{"model", cJSON_String, true},
	{"input", cJSON_String | cJSON_Array, true},
	{"instructions", cJSON_String, false},
	{"max_output_tokens", cJSON_Number, false},
	{"max_tool_calls", cJSON_Number, false},
	{"temperature", cJSON_Number, false},
	{"top_p", cJSON_Number, false},
	{"top_logprobs", cJSON_Number, false},
	{"stream", BOOL, false},
	{"stream_options", cJSON_Object, false},
	{"tools", cJSON_Array, false},
	{"tool_choice", cJSON_String | cJSON_Object, false},
	{"parallel_tool_calls", BOOL, false},
	{"reasoning", cJSON_Object, false},
	{"text", cJSON_Object, false},
	{"store", BOOL, false},
	{"include", cJSON_Array, false},
	{"background", BOOL, false},
	{"previous_response_id", cJSON_String, false},
	{"conversation", cJSON_String | cJSON_Object, false},
	{"prompt", cJSON_Object, false},
	{"truncation", cJSON_String, false},
	{"metadata", cJSON_Object, false},
	{"user", cJSON_String, false},
	{"service_tier", cJSON_String, false},
	{"prompt_cache_key", cJSON_String, false},
	{"prompt_cache_options", cJSON_Object, false},
	{"prompt_cache_retention", cJSON_String, false},
	{"context_management", cJSON_Array, false},
	{"safety_identifier", cJSON_String, false},
};

static const struct field message_fields[] = {
	{"type", cJSON_String, false},
	{"role", cJSON_String, true},
	{"content", cJSON_String | cJSON_Array, true},
	{"id", cJSON_String, false},
	{"status", cJSON_String, false},
	{"phase", cJSON_String, false},
};

static const struct field call_fields[] = {
	{"type", cJSON_String, true},
	{"call_id", cJSON_String, true},
	{"name", cJSON_String, true},
	{"arguments", cJSON_String, true},
	{"id", cJSON_String, false},
	{"status", cJSON_String, false},
};

static const struct field output_fields[] = {
	{"type", cJSON_String, true},
	{"call_id", cJSON_String, true},
	{"output", cJSON_String | cJSON_Array, true},
	{"id", cJSON_String, false},
	{"status", cJSON_String, false},
};

static const struct field reasoning_fields[] = {
	{"type", cJSON_String, true},
	{"id", cJSON_String, true},
	{"summary", cJSON_Array, true},
	{"content", cJSON_Array, false},
	{"encrypted_content", cJSON_String, false},
	{"status", cJSON_String, false},
};

static const struct field tool_fields[] = {
	{"type", cJSON_String, true},
	{"name", cJSON_String, true},
	{"parameters", cJSON_Object, false},
	{"description", cJSON_String, false},
	{"strict", BOOL, false},
};

static const struct {
	const char *type;
	const struct field *fields;
	size_t n;
} items[] = {
	{"message", message_fields, KE_LEN(message_fields)},
	{"function_call", call_fields, KE_LEN(call_fields)},
	{"function_call_output", output_fields, KE_LEN(output_fields)},
	{"reasoning", reasoning_fields, KE_LEN(reasoning_fields)},
};

/* The parts of a message are of the kind that its role writes. */
static bool
check_parts(const cJSON *item, int at, struct refusal *r)
{
	const char *role = ke_json_string(item, "role");
	const char *want = role != NULL && strcmp(role, "assistant") == 0 ?
	    "output_text" : "input_text";
	const cJSON *part;

	cJSON_ArrayForEach(part, ke_json_array(item, "content")) {
		const char *type = ke_json_string(part, "type");

		if (type == NULL || (strcmp(type, want) != 0 &&
		    strcmp(type, "refusal") != 0))
			return refuse(r, 400, INVALID, "invalid_value",
			    "Invalid value: '%s'. Supported values are: '%s' "
			    "(input[%d].content).", type, want, at);
	}
	return true;
}

static bool
check_role(const cJSON *item, struct refusal *r)
{
	static const char *const roles[] = {"developer", "system", "user",
		"assistant"};
	const char *role = ke_json_string(item, "role");

	for (size_t i = 0; i < KE_LEN(roles); i++)
		if (strcmp(roles[i], role) == 0)
			return true;
	return refuse(r, 400, INVALID, "invalid_value", "Invalid value: '%s'. "
	    "Supported values are: 'assistant', 'system', 'developer', and "
	    "'user'.", role);
}

/* Has the array an object of that type whose member is the text? */
static bool
has_item(const cJSON *array, const char *type, const char *member,
    const char *text)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, array) {
		const char *s = ke_json_string(o, member);
		const char *t = ke_json_string(o, "type");

		if (s != NULL && t != NULL && strcmp(s, text) == 0 &&
		    strcmp(t, type) == 0)
			return true;
	}
	return false;
}

/* Calls and outputs come in pairs. */
static bool
check_pair(const cJSON *input, const cJSON *item, const char *type,
    struct refusal *r)
{
	const char *id = ke_json_string(item, "call_id");

	if (strcmp(type, "function_call") == 0 &&
	    !has_item(input, "function_call_output", "call_id", id))
		return refuse(r, 400, INVALID, NULL,
		    "No tool output found for function call %s.", id);
	if (strcmp(type, "function_call_output") == 0 &&
	    !has_item(input, "function_call", "call_id", id))
		return refuse(r, 400, INVALID, NULL, "No tool call found for "
		    "function call output with call_id %s.", id);
	return true;
}

/* What was thought stands before what came of it; what isn't stored with the
 * service must come with its sealed content. */
static bool
check_reasoning(const cJSON *json, const cJSON *item, struct refusal *r)
{
	const char *id = ke_json_string(item, "id");
	const cJSON *store = ke_json_get(json, "store");
	const char *next = ke_json_string(item->next, "role");

	if (cJSON_IsFalse(store) &&
	    ke_json_string(item, "encrypted_content") == NULL)
		return refuse(r, 404, INVALID, NULL, "Item with id '%s' not "
		    "found. Items are not persisted when `store` is set to "
		    "false. Try again with `store` set to true, or remove "
		    "this item from your input.", id);
	if (item->next == NULL || ke_json_get(item->next, "output") != NULL ||
	    (next != NULL && strcmp(next, "assistant") != 0))
		return refuse(r, 400, INVALID, NULL, "Item '%s' of type "
		    "'reasoning' was provided without its required following "
		    "item.", id);
	return true;
}

static bool
check_item(const cJSON *json, const cJSON *item, int at, struct refusal *r)
{
	const char *type = ke_json_string(item, "type");
	char where[32];
	size_t i = 0;

	type = type == NULL ? "message" : type;
	snprintf(where, sizeof(where), "input[%d].", at);
	while (i < KE_LEN(items) && strcmp(items[i].type, type) != 0)
		i++;
	if (i == KE_LEN(items))
		return refuse(r, 400, INVALID, "invalid_value",
		    "Invalid value: '%s' (%stype).", type, where);
	if (!openai_fields(item, items[i].fields, items[i].n, where, r))
		return false;
	r->param = "input";
	if (strcmp(type, "message") == 0)
		return check_role(item, r) && check_parts(item, at, r);
	if (strcmp(type, "reasoning") == 0)
		return check_reasoning(json, item, r);
	return check_pair(ke_json_array(json, "input"), item, type, r);
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
		    r))
			return false;
	}
	return true;
}

static bool
check_parameters(const cJSON *json, struct refusal *r)
{
	const char *model = ke_json_string(json, "model");

	if (openai_thinks(model) && ke_json_get(json, "temperature") != NULL) {
		r->param = "temperature";
		return refuse(r, 400, INVALID, NULL, "Unsupported parameter: "
		    "'temperature' is not supported with this model.");
	}
	if (ke_json_number(json, "max_output_tokens", 16) < 16) {
		r->param = "max_output_tokens";
		return refuse(r, 400, INVALID, "integer_below_min_value",
		    "Invalid 'max_output_tokens': integer below minimum value. "
		    "Expected a value >= 16, but got %g instead.",
		    ke_json_number(json, "max_output_tokens", 16));
	}
	return true;
}

bool
responses_check(struct request *q, struct refusal *r)
{
	const cJSON *item;
	int at = 0;

	if (!openai_key(q, r) ||
	    !openai_fields(q->json, fields, KE_LEN(fields), "", r) ||
	    !check_parameters(q->json, r) || !check_tools(q->json, r))
		return false;
	cJSON_ArrayForEach(item, ke_json_array(q->json, "input"))
		if (!check_item(q->json, item, at++, r))
			return false;
	q->stream = ke_json_true(q->json, "stream");
	q->model = ke_json_string(q->json, "model");
	return true;
}
