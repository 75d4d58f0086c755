/* OpenAI's Responses: POST /responses.  As
 * platform.openai.com/docs/api-reference/responses has it.  The last event of
 * a stream holds the whole response, so that pieces matter only to who watches
 * and to an answer that breaks off. */
#include <math.h>
#include <string.h>

#include "protocol.h"

static const struct finish finishes[] = {
	{"max_output_tokens", "length"}, {"max_tokens", "length"},
	{"content_filter", "filter"},
};

static void
path(const struct question *q, struct ke_buf *b)
{
	(void)q;
	ke_buf_str(b, "/responses");
}

static cJSON *
make_body(const struct question *q)
{
	cJSON *body = protocol_object("model", q->model), *tools, *o;
	cJSON *input = cJSON_CreateArray();
	const cJSON *m;

	cJSON_ArrayForEach(m, q->messages)
		if (!protocol_raw(m, input))
			cJSON_AddItemToArray(input, cJSON_Duplicate(m, 1));
	ke_json_set(body, "input", input);
	if (!isnan(q->temperature))
		ke_json_set_number(body, "temperature", q->temperature);
	if (q->tools != NULL) {
		tools = cJSON_CreateArray();
		cJSON_ArrayForEach(m, q->tools) {
			o = cJSON_Duplicate(m, 1);
			ke_json_set_string(o, "type", "function");
			/* else every parameter would be required */
			ke_json_set(o, "strict", cJSON_CreateFalse());
			cJSON_AddItemToArray(tools, o);
		}
		ke_json_set(body, "tools", tools);
	}
	if (q->stream)
		ke_json_set(body, "stream", cJSON_CreateTrue());
	return body;
}

static void
take_usage(const cJSON *u, struct usage *to)
{
	const cJSON *in = ke_json_object(u, "input_tokens_details");
	const cJSON *out = ke_json_object(u, "output_tokens_details");

	if (u != NULL)
		*to = (struct usage){usage_count(u, "input_tokens"),
		    usage_count(u, "output_tokens"),
		    usage_count(in, "cached_tokens"),
		    usage_count(in, "cache_write_tokens"),
		    usage_count(out, "reasoning_tokens")};
}

static void
take_head(const cJSON *v, struct reply *r)
{
	reply_set(&r->model, ke_json_string(v, "model"));
	reply_set(&r->id, ke_json_string(v, "id"));
	take_usage(ke_json_object(v, "usage"), &r->usage);
}

/* One item of the output; true where it has a refusal. */
static bool
take_item(const cJSON *item, struct ke_buf *text, struct reply *r)
{
	const char *type = ke_json_string(item, "type");
	const cJSON *part;
	bool refused = false;

	if (type == NULL)
		return false;
	if (strcmp(type, "function_call") == 0)
		reply_call(r, ke_json_string(item, "call_id"),
		    ke_json_string(item, "name"),
		    ke_json_string(item, "arguments"));
	if (strcmp(type, "message") == 0)
		cJSON_ArrayForEach(part, ke_json_array(item, "content")) {
			protocol_add_text(text, ke_json_get(part, "text"));
			protocol_add_text(text, ke_json_get(part, "refusal"));
			refused |= ke_json_string(part, "refusal") != NULL;
		}
	return refused;
}

static void
take_reasoning(const cJSON *output, struct reply *r)
{
	const cJSON *item;

	if (r->reasoning.n > 0) /* it came in pieces */
		return;
	cJSON_ArrayForEach(item, output) {
		protocol_add_text(&r->reasoning, ke_json_get(item, "summary"));
		if (ke_json_get(item, "role") == NULL)
			protocol_add_text(&r->reasoning,
			    ke_json_get(item, "content"));
	}
}

static int
whole(const cJSON *v, struct reply *r, struct ke_err *e)
{
	const cJSON *output = ke_json_array(v, "output"), *item;
	const char *status = ke_json_string(v, "status");
	const char *why = ke_json_string(
	    ke_json_object(v, "incomplete_details"), "reason");
	struct ke_buf text = {0};
	bool refused = false;

	if (reply_error(v) != NULL)
		return ke_fail(e, "%s", reply_error(v));
	if (output == NULL)
		return ke_fail(e, "the reply has no output");
	take_head(v, r);
	cJSON_ArrayForEach(item, output)
		refused |= take_item(item, &text, r);
	take_reasoning(output, r);
	if (text.n > 0) {
		struct ke_buf pieces = r->text;

		r->text = text;
		text = pieces;
	}
	ke_buf_free(&text);
	protocol_finish(r, why != NULL ? why : status == NULL ? "completed"
	    : status, finishes, KE_LEN(finishes));
	if (refused)
		reply_set(&r->finish, "refusal");
	cJSON_Delete(r->turn);
	r->turn = cJSON_Duplicate(output, 1);
	return 0;
}

static bool
has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int
event(struct stream *s, const cJSON *v, struct reply *r, struct ke_err *e)
{
	const char *type = ke_json_string(v, "type");
	const cJSON *response = ke_json_object(v, "response");

	(void)s;
	if (type == NULL)
		return ke_fail(e, "an event has no type");
	if (strcmp(type, "response.output_text.delta") == 0 ||
	    strcmp(type, "response.refusal.delta") == 0)
		protocol_add_text(&r->text, ke_json_get(v, "delta"));
	else if (has_prefix(type, "response.reasoning") &&
	    ke_json_string(v, "delta") != NULL)
		protocol_add_text(&r->reasoning, ke_json_get(v, "delta"));
	else if (strcmp(type, "response.completed") == 0 ||
	    strcmp(type, "response.incomplete") == 0 ||
	    strcmp(type, "response.failed") == 0)
		return whole(response, r, e) == -1 ? -1 : 1;
	else if (response != NULL)
		take_head(response, r);
	return 0;
}

static void
end(struct stream *s, struct reply *r)
{
	(void)s;
	(void)r;
}

static void
add_results(cJSON *messages, const cJSON *results)
{
	static const struct result_form form = {"type",
	    "function_call_output", "call_id", "output"};

	protocol_add_results(messages, results, &form);
}

const struct protocol protocol_responses = {"responses",
	"https://api.openai.com/v1", "OPENAI_API_KEY",
	"Authorization: Bearer ", NULL, path, make_body, whole, event, end,
	add_results};
