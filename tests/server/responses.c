/* OpenAI's Responses: POST /v1/responses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

static bool
mine(const char *path)
{
	return strcmp(path, "/v1/responses") == 0;
}

static void
broken(const struct refusal *r, struct body *b)
{
	event_add(b, "error", "{'type':'error','code':$s,'message':$s,"
	    "'param':null,'sequence_number':$d}", r->code != NULL ? r->code
	    : r->type, r->message.msg, (int64_t)b->sequence++);
}

/* How it ended: its status, and why where it is incomplete. */
static const char *
status(const struct reply *a, const char **why)
{
	*why = strcmp(a->finish, "length") == 0 ? "max_output_tokens"
	    : strcmp(a->finish, "filter") == 0 ? "content_filter" : NULL;
	return *why != NULL ? "incomplete"
	    : strcmp(a->finish, "failed") == 0 ? "failed" : "completed";
}

/* The items of an answer. */
static char *
reasoning_item(const struct reply *a)
{
	struct ke_buf b = {0};
	char id[32];

	snprintf(id, sizeof(id), "rs_%08d", a->number);
	json_add(&b, "{'id':$s,'type':'reasoning','summary':[{"
	    "'type':'summary_text','text':$s}],"
	    "'encrypted_content':'c2VhbGVk'}", id, a->reasoning);
	return b.s;
}

static char *
part_text(const struct reply *a, const char *text)
{
	struct ke_buf b = {0};

	json_add(&b, strcmp(a->finish, "refusal") == 0 ?
	    "{'type':'refusal','refusal':$s}" :
	    "{'type':'output_text','text':$s,'annotations':[],'logprobs':[]}",
	    text);
	return b.s;
}

static char *
message_item(const struct reply *a, bool done)
{
	struct ke_buf b = {0};
	char id[32], *part = done ? part_text(a, a->text) : ke_strdup("");

	snprintf(id, sizeof(id), "msg_%08d", a->number);
	json_add(&b, "{'id':$s,'type':'message','status':$s,"
	    "'role':'assistant','content':[$j]}", id,
	    done ? "completed" : "in_progress", part);
	free(part);
	return b.s;
}

static char *
call_item(const struct reply *a, const cJSON *call, int at, bool done)
{
	struct ke_buf b = {0};
	char id[32], of[32], *args = json_text(ke_json_get(call, "args"));

	snprintf(id, sizeof(id), "fc_%08d%d", a->number, at);
	snprintf(of, sizeof(of), "call_%08d%d", a->number, at);
	json_add(&b, "{'id':$s,'type':'function_call','status':$s,"
	    "'call_id':$s,'name':$s,'arguments':$s}", id,
	    done ? "completed" : "in_progress", of,
	    ke_json_string(call, "name"), done ? args : "");
	free(args);
	return b.s;
}

static void
add_item(struct ke_buf *b, char *item)
{
	if (b->n > 0)
		ke_buf_str(b, ",");
	ke_buf_str(b, item);
	free(item);
}

static char *
output_text(const struct reply *a)
{
	struct ke_buf b = {0};
	const cJSON *call;
	int at = 0;

	if (a->reasoning != NULL)
		add_item(&b, reasoning_item(a));
	if (*a->text != '\0')
		add_item(&b, message_item(a, true));
	cJSON_ArrayForEach(call, a->calls)
		add_item(&b, call_item(a, call, at++, true));
	return b.s == NULL ? ke_strdup("") : b.s;
}

/* The response as it is at the beginning, or at the end. */
static void
add_response(struct ke_buf *b, const struct reply *a, bool done)
{
	const char *why, *state = status(a, &why);
	char id[32], *items = done ? output_text(a) : ke_strdup("");

	snprintf(id, sizeof(id), "resp_%08d", a->number);
	json_add(b, "{'id':$s,'object':'response','created_at':1750000000,"
	    "'status':$s,'error':", id, done ? state : "in_progress");
	if (done && strcmp(state, "failed") == 0)
		json_add(b, "{'code':'server_error','message':'The model "
		    "failed to generate a response.'}");
	else
		ke_buf_str(b, "null");
	json_add(b, ",'incomplete_details':");
	json_add(b, done && why != NULL ? "{'reason':$s}" : "null", why);
	json_add(b, ",'instructions':null,'model':$s,'output':[$j],"
	    "'parallel_tool_calls':true,'store':$b,'tools':[],'usage':",
	    a->model, items, !cJSON_IsFalse(ke_json_get(a->request->json,
	    "store")));
	if (done)
		json_add(b, "{'input_tokens':$d,'input_tokens_details':{"
		    "'cached_tokens':$d,'cache_write_tokens':$d},"
		    "'output_tokens':$d,"
		    "'output_tokens_details':{'reasoning_tokens':$d},"
		    "'total_tokens':$d}", a->in, a->cached, a->written, a->out,
		    a->thought, a->in + a->out);
	else
		ke_buf_str(b, "null");
	ke_buf_str(b, "}");
	free(items);
}

static void
whole(const struct reply *a, struct body *b)
{
	add_response(&b->bytes, a, true);
}

static void
add_state(struct body *b, const struct reply *a, const char *name, bool done)
{
	struct ke_buf response = {0};

	add_response(&response, a, done);
	event_add(b, name, "{'type':$s,'response':$j,'sequence_number':$d}",
	    name, response.s, (int64_t)b->sequence++);
	ke_buf_free(&response);
}

/* Where in the answer an event belongs, as JSON without braces. */
struct place {
	const char *item; /* id */
	int64_t output;
	const char *more; /* further members, with a comma */
};

static void
add_change(struct body *b, const struct place *p, const char *name,
    const char *member, const char *json)
{
	event_add(b, name, "{'type':$s,'item_id':$s,'output_index':$d$j,"
	    "$s:$j,'sequence_number':$d}", name, p->item, p->output, p->more,
	    member, json, (int64_t)b->sequence++);
}

static void
add_item_event(struct body *b, const char *name, int64_t output, char *item)
{
	event_add(b, name, "{'type':$s,'output_index':$d,'item':$j,"
	    "'sequence_number':$d}", name, output, item,
	    (int64_t)b->sequence++);
	free(item);
}

/* Text in pieces: NAME.delta each, and NAME.done with all of it. */
static void
add_deltas(struct body *b, const struct place *p, const char *name,
    const char *member, const char *text, size_t piece)
{
	struct ke_buf all = {0};
	char event[80];

	json_add(&all, "$s", text);
	snprintf(event, sizeof(event), "%s.delta", name);
	for (size_t n; *text != '\0'; text += n) {
		struct ke_buf json = {0};
		char *part;

		n = piece_length(text, piece);
		part = ke_strndup(text, n);
		json_add(&json, "$s", part);
		add_change(b, p, event, "delta", json.s);
		ke_buf_free(&json);
		free(part);
	}
	snprintf(event, sizeof(event), "%s.done", name);
	add_change(b, p, event, member, all.s);
	ke_buf_free(&all);
}

static void
stream_reasoning(struct body *b, const struct reply *a, int64_t output)
{
	struct ke_buf part = {0};
	struct place p = {NULL, output, ",\"summary_index\":0"};
	char id[32];

	snprintf(id, sizeof(id), "rs_%08d", a->number);
	p.item = id;
	event_add(b, "response.output_item.added",
	    "{'type':'response.output_item.added','output_index':$d,"
	    "'item':{'id':$s,'type':'reasoning','summary':[]},"
	    "'sequence_number':$d}", output, id, (int64_t)b->sequence++);
	add_change(b, &p, "response.reasoning_summary_part.added", "part",
	    "{\"type\":\"summary_text\",\"text\":\"\"}");
	add_deltas(b, &p, "response.reasoning_summary_text", "text",
	    a->reasoning, a->piece);
	json_add(&part, "{'type':'summary_text','text':$s}", a->reasoning);
	add_change(b, &p, "response.reasoning_summary_part.done", "part",
	    part.s);
	add_item_event(b, "response.output_item.done", output,
	    reasoning_item(a));
	ke_buf_free(&part);
}

static void
stream_message(struct body *b, const struct reply *a, int64_t output)
{
	bool refused = strcmp(a->finish, "refusal") == 0;
	struct place p = {NULL, output, ",\"content_index\":0"};
	char id[32], *empty = part_text(a, ""), *all = part_text(a, a->text);

	snprintf(id, sizeof(id), "msg_%08d", a->number);
	p.item = id;
	add_item_event(b, "response.output_item.added", output,
	    message_item(a, false));
	add_change(b, &p, "response.content_part.added", "part", empty);
	add_deltas(b, &p, refused ? "response.refusal"
	    : "response.output_text", refused ? "refusal" : "text", a->text,
	    a->piece);
	add_change(b, &p, "response.content_part.done", "part", all);
	add_item_event(b, "response.output_item.done", output,
	    message_item(a, true));
	free(empty);
	free(all);
}

static void
stream_calls(struct body *b, const struct reply *a, int64_t output)
{
	const cJSON *call;
	int at = 0;

	cJSON_ArrayForEach(call, a->calls) {
		struct place p = {NULL, output, ""};
		char id[32], *args = json_text(ke_json_get(call, "args"));

		snprintf(id, sizeof(id), "fc_%08d%d", a->number, at);
		p.item = id;
		add_item_event(b, "response.output_item.added", output,
		    call_item(a, call, at, false));
		add_deltas(b, &p, "response.function_call_arguments",
		    "arguments", args, a->piece);
		add_item_event(b, "response.output_item.done", output++,
		    call_item(a, call, at++, true));
		free(args);
	}
}

static void
stream(const struct reply *a, struct body *b)
{
	const char *why, *state = status(a, &why);
	char last[40];
	int64_t output = 0;

	add_state(b, a, "response.created", false);
	add_state(b, a, "response.in_progress", false);
	if (a->reasoning != NULL)
		stream_reasoning(b, a, output++);
	if (*a->text != '\0')
		stream_message(b, a, output++);
	stream_calls(b, a, output);
	snprintf(last, sizeof(last), "response.%s", state);
	add_state(b, a, last, true);
}

const struct api api_responses = {"responses", mine, responses_check,
	openai_words, openai_error, whole, stream, broken, "x-request-id"};
