/* What Gemini's generateContent wants of a request.  Names are in camel case,
 * or as in the protocol buffers behind it, in snake case. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

#define INVALID "INVALID_ARGUMENT"
#define BOOL (cJSON_True | cJSON_False)

static const struct field fields[] = {
	{"contents", cJSON_Array, false},
	{"systemInstruction", cJSON_Object, false},
	{"generationConfig", cJSON_Object, false},
	{"tools", cJSON_Array, false},
	{"toolConfig", cJSON_Object, false},
	{"safetySettings", cJSON_Array, false},
	{"cachedContent", cJSON_String, false},
	{"labels", cJSON_Object, false},
	{"serviceTier", cJSON_String, false},
	{"store", BOOL, false},
};

static const struct field config_fields[] = {
	{"temperature", cJSON_Number, false},
	{"topP", cJSON_Number, false},
	{"topK", cJSON_Number, false},
	{"candidateCount", cJSON_Number, false},
	{"maxOutputTokens", cJSON_Number, false},
	{"stopSequences", cJSON_Array, false},
	{"responseMimeType", cJSON_String, false},
	{"responseSchema", cJSON_Object, false},
	{"responseJsonSchema", cJSON_Object, false},
	{"presencePenalty", cJSON_Number, false},
	{"frequencyPenalty", cJSON_Number, false},
	{"seed", cJSON_Number, false},
	{"responseLogprobs", BOOL, false},
	{"logprobs", cJSON_Number, false},
	{"thinkingConfig", cJSON_Object, false},
	{"responseModalities", cJSON_Array, false},
	{"mediaResolution", cJSON_String, false},
	{"speechConfig", cJSON_Object, false},
	{"imageConfig", cJSON_Object, false},
};

static const struct field content_fields[] = {
	{"role", cJSON_String, false},
	{"parts", cJSON_Array, false},
};

static const struct field part_fields[] = {
	{"text", cJSON_String, false},
	{"thought", BOOL, false},
	{"thoughtSignature", cJSON_String, false},
	{"functionCall", cJSON_Object, false},
	{"functionResponse", cJSON_Object, false},
	{"inlineData", cJSON_Object, false},
	{"fileData", cJSON_Object, false},
};

static const struct field call_fields[] = {
	{"id", cJSON_String, false},
	{"name", cJSON_String, false},
	{"args", cJSON_Object, false},
};

static const struct field response_fields[] = {
	{"id", cJSON_String, false},
	{"name", cJSON_String, false},
	{"response", cJSON_Object, false},
};

static const struct field declaration_fields[] = {
	{"name", cJSON_String, false},
	{"description", cJSON_String, false},
	{"parameters", cJSON_Object, false},
	{"parametersJsonSchema", cJSON_Object, false},
	{"response", cJSON_Object, false},
};

/* The part of OpenAPI's schemas that it knows. */
static const struct field schema_fields[] = {
	{"type", cJSON_String, false},
	{"format", cJSON_String, false},
	{"title", cJSON_String, false},
	{"description", cJSON_String, false},
	{"nullable", BOOL, false},
	{"enum", cJSON_Array, false},
	{"items", cJSON_Object, false},
	{"minItems", cJSON_Number | cJSON_String, false},
	{"maxItems", cJSON_Number | cJSON_String, false},
	{"properties", cJSON_Object, false},
	{"required", cJSON_Array, false},
	{"propertyOrdering", cJSON_Array, false},
	{"minimum", cJSON_Number, false},
	{"maximum", cJSON_Number, false},
	{"minLength", cJSON_Number | cJSON_String, false},
	{"maxLength", cJSON_Number | cJSON_String, false},
	{"pattern", cJSON_String, false},
	{"anyOf", cJSON_Array, false},
	{"default", 0xff, false},
	{"example", 0xff, false},
};

/* The object with names in camel case.  The caller deletes. */
static cJSON *
camel(const cJSON *o)
{
	cJSON *to = cJSON_CreateObject();
	const cJSON *m;

	cJSON_ArrayForEach(m, o) {
		struct ke_buf name = {0};

		for (const char *p = m->string; *p != '\0'; p++) {
			char c = *p == '_' && p[1] != '\0' ?
			    (char)toupper((unsigned char)*++p) : *p;

			ke_buf_add(&name, &c, 1);
		}
		ke_json_set(to, name.s, cJSON_Duplicate(m, true));
		ke_buf_free(&name);
	}
	return to;
}

static bool
check_fields(const cJSON *o, const struct field *f, size_t n,
    const char *where, struct refusal *r)
{
	cJSON *known = camel(o);
	const char *name;
	enum wrong wrong = fields_check(known, f, n, &name);

	if (wrong == UNKNOWN)
		refuse(r, 400, INVALID, NULL, "Invalid JSON payload received. "
		    "Unknown name \"%s\"%s%s%s: Cannot find field.", name,
		    *where == '\0' ? "" : " at '", where,
		    *where == '\0' ? "" : "'");
	else if (wrong != FINE)
		refuse(r, 400, INVALID, NULL, "Invalid value at '%s%s%s'",
		    where, *where == '\0' ? "" : ".", name);
	cJSON_Delete(known);
	return wrong == FINE;
}

/* A member by its name in camel or in snake case. */
static const cJSON *
member(const cJSON *o, const char *name, const char *snake)
{
	const cJSON *m = ke_json_get(o, name);

	return m != NULL ? m : ke_json_get(o, snake);
}

static bool
check_schema(const cJSON *schema, const char *where, struct refusal *r)
{
	const cJSON *p, *items = ke_json_object(schema, "items");

	if (schema == NULL)
		return true;
	if (!check_fields(schema, schema_fields, KE_LEN(schema_fields), where,
	    r))
		return false;
	cJSON_ArrayForEach(p, ke_json_object(schema, "properties"))
		if (!check_schema(p, where, r))
			return false;
	return check_schema(items, where, r);
}

static bool
check_tools(const cJSON *json, struct refusal *r)
{
	const cJSON *tool, *f;

	cJSON_ArrayForEach(tool, ke_json_array(json, "tools"))
		cJSON_ArrayForEach(f, member(tool, "functionDeclarations",
		    "function_declarations"))
			if (!check_fields(f, declaration_fields,
			    KE_LEN(declaration_fields),
			    "tools[0].function_declarations[0]", r) ||
			    !check_schema(ke_json_object(f, "parameters"),
			    "tools[0].function_declarations[0].parameters", r))
				return false;
	return true;
}

/* How many parts of a turn are calls, and how many are answers of such. */
static void
count_parts(const cJSON *content, int *calls, int *responses)
{
	const cJSON *p;

	*calls = *responses = 0;
	cJSON_ArrayForEach(p, ke_json_array(content, "parts")) {
		*calls += member(p, "functionCall", "function_call") != NULL;
		*responses += member(p, "functionResponse",
		    "function_response") != NULL;
	}
}

/* Answers stand behind their calls, as many as those. */
static bool
check_order(const cJSON *content, bool first, struct refusal *r)
{
	int calls, responses, asked = 0, none, answered = 0;

	count_parts(content, &calls, &responses);
	if (!first)
		count_parts(content->prev, &asked, &none);
	if (content->next != NULL)
		count_parts(content->next, &none, &answered);
	if (calls > 0 && first)
		return refuse(r, 400, INVALID, NULL, "Please ensure that "
		    "function call turn comes immediately after a user turn or "
		    "after a function response turn.");
	if ((responses > 0 && responses != asked) ||
	    (calls > 0 && answered != calls))
		return refuse(r, 400, INVALID, NULL, "Please ensure that the "
		    "number of function response parts is equal to the number "
		    "of function call parts of the function call turn.");
	return true;
}

static bool
check_parts(const cJSON *content, int at, struct refusal *r)
{
	const cJSON *p, *inner;
	char where[64];
	int i = 0;

	if (ke_json_array(content, "parts") == NULL ||
	    ke_json_array(content, "parts")->child == NULL)
		return refuse(r, 400, INVALID, NULL,
		    "* GenerateContentRequest.contents[%d].parts: contents."
		    "parts must not be empty.", at);
	cJSON_ArrayForEach(p, ke_json_array(content, "parts")) {
		snprintf(where, sizeof(where), "contents[%d].parts[%d]", at,
		    i++);
		if (!check_fields(p, part_fields, KE_LEN(part_fields), where,
		    r))
			return false;
		inner = member(p, "functionCall", "function_call");
		if (inner != NULL && !check_fields(inner, call_fields,
		    KE_LEN(call_fields), where, r))
			return false;
		inner = member(p, "functionResponse", "function_response");
		if (inner != NULL && !check_fields(inner, response_fields,
		    KE_LEN(response_fields), where, r))
			return false;
	}
	return true;
}

static bool
check_contents(const cJSON *json, struct refusal *r)
{
	const cJSON *contents = ke_json_array(json, "contents"), *c;
	int at = 0;

	if (contents == NULL || contents->child == NULL)
		return refuse(r, 400, INVALID, NULL, "* GenerateContentRequest."
		    "contents: contents is not specified\n");
	cJSON_ArrayForEach(c, contents) {
		const char *role = ke_json_string(c, "role");
		char where[32];

		snprintf(where, sizeof(where), "contents[%d]", at);
		if (!check_fields(c, content_fields, KE_LEN(content_fields),
		    where, r))
			return false;
		if (role != NULL && strcmp(role, "user") != 0 &&
		    strcmp(role, "model") != 0)
			return refuse(r, 400, INVALID, NULL,
			    "Please use a valid role: user, model.");
		if (!check_parts(c, at, r) || !check_order(c, at == 0, r))
			return false;
		at++;
	}
	return true;
}

/* The model and the verb of /v1beta/models/MODEL:VERB. */
static void
find_model(struct request *q)
{
	const char *at = strstr(q->target, "/models/") + 8;

	q->name = ke_strndup(at, strcspn(at, ":?"));
	q->model = q->name;
	q->stream = strstr(q->target, ":streamGenerateContent") != NULL;
}

static bool
check_key(const struct request *q, struct refusal *r)
{
	const char *key = header(q, "x-goog-api-key");

	if (key == NULL)
		key = strstr(q->target, "key=");
	if (key == NULL)
		return refuse(r, 403, "PERMISSION_DENIED", NULL, "Method "
		    "doesn't allow unregistered callers (callers without "
		    "established identity). Please use API Key or other form "
		    "of API consumer identity to call this API.");
	if (strstr(key, "wrong") != NULL)
		return refuse(r, 400, INVALID, "API_KEY_INVALID",
		    "API key not valid. Please pass a valid API key.");
	return true;
}

bool
gemini_check(struct request *q, struct refusal *r)
{
	const cJSON *config = member(q->json, "generationConfig",
	    "generation_config");
	double t = ke_json_number(config, "temperature", 1);

	find_model(q);
	if (!check_key(q, r) ||
	    !check_fields(q->json, fields, KE_LEN(fields), "", r) ||
	    (config != NULL && !check_fields(config, config_fields,
	    KE_LEN(config_fields), "generation_config", r)) ||
	    !check_contents(q->json, r) || !check_tools(q->json, r))
		return false;
	if (t < 0 || t > 2)
		return refuse(r, 400, INVALID, NULL, "* GenerateContentRequest."
		    "generation_config.temperature: temperature must be in the "
		    "range [0.0, 2.0].");
	if (q->stream && strstr(q->target, "alt=sse") == NULL)
		return refuse(r, 400, INVALID, NULL, "this server streams with "
		    "alt=sse only");
	return true;
}
