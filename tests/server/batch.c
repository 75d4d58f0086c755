/* The batch services: Anthropic's Message Batches (POST and GET
 * /v1/messages/batches, GET .../ID and .../ID/results), and OpenAI's, whose
 * requests and results are files (/v1/files, /v1/batches).  Each request of a
 * batch is answered when the batch is made; its end is told to the second who
 * asks for it, alone or in the list of all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server.h"

#define MESSAGES "/v1/messages/batches"
#define FILES "/v1/files"
#define BATCHES "/v1/batches"
#define CHAT "/v1/chat/completions"
#define LOOKS 2

/* A batch, or a file.  Anthropic's batches keep their results, OpenAI's the
 * numbers of the files that they are in. */
struct kept {
	bool batch, openai;
	int looks, count, succeeded;
	int input, output, errors; /* numbers of files, from 1 */
	time_t made;
	struct ke_buf lines;
	cJSON *metadata;
	const char *broken; /* why the whole batch failed, or NULL */
};

static struct kept *all;
static int n_all;

static int
keep(struct kept k)
{
	k.made = time(NULL);
	all = ke_grow(all, (size_t)n_all + 1, sizeof(*all));
	all[n_all++] = k;
	return n_all;
}

bool
batch_mine(const struct request *r)
{
	return strncmp(r->target, MESSAGES, strlen(MESSAGES)) == 0 ||
	    strncmp(r->target, FILES, strlen(FILES)) == 0 ||
	    strncmp(r->target, BATCHES, strlen(BATCHES)) == 0;
}

/* An error in the words of the service. */
static void
fail(bool openai, int code, const char *message, int *status,
    struct ke_buf *b)
{
	const struct api *api = openai ? &api_chat : &api_anthropic;
	struct refusal why = {0};
	struct body body = {0};

	api->refuse(code, &why);
	if (message != NULL)
		ke_fail(&why.message, "%s", message);
	api->error(&why, &body);
	*status = code;
	*b = body.bytes;
}

static bool
has_key(const struct request *r, bool openai)
{
	struct refusal why = {0};

	if (openai)
		return openai_key(r, &why);
	return header(r, "x-api-key") != NULL &&
	    header(r, "anthropic-version") != NULL;
}

/* One request of a batch, as the service itself answers it. */
static const cJSON *
ask_one(struct script *s, const struct request *r, bool openai,
    const cJSON *params, int *status, struct ke_buf *body)
{
	static int number = 1000;
	char *text = ke_json_print(params);
	struct request one = {.method = ke_strdup("POST"),
	    .target = ke_strdup(openai ? CHAT : "/v1/messages"),
	    .headers = cJSON_Duplicate(r->headers, true)};
	const cJSON *entry;

	ke_json_set_string(one.headers, "content-type", "application/json");
	ke_buf_str(&one.body, text);
	entry = answer_body(openai ? &api_chat : &api_anthropic, s, &one,
	    ++number, status, body);
	request_free(&one);
	free(text);
	return entry;
}

static bool
is_id(const char *s)
{
	return s != NULL && *s != '\0' && strlen(s) <= 64 &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_-") == strlen(s);
}

/* Why the requests are no batch, or NULL. */
static const char *
check_requests(const cJSON *requests)
{
	const cJSON *q, *other;

	if (cJSON_GetArraySize(requests) == 0)
		return "requests: List should have at least 1 item";
	cJSON_ArrayForEach(q, requests) {
		const char *id = ke_json_string(q, "custom_id");

		if (!is_id(id))
			return "custom_id: String should match pattern "
			    "'^[a-zA-Z0-9_-]{1,64}$'";
		for (other = requests->child; other != q; other = other->next)
			if (strcmp(ke_json_string(other, "custom_id"),
			    id) == 0)
				return "custom_id: must be unique";
	}
	return NULL;
}

static void
add_result(struct kept *k, struct script *s, const struct request *r,
    const cJSON *q)
{
	const char *id = ke_json_string(q, "custom_id");
	struct ke_buf body = {0};
	int status;
	const cJSON *entry = ask_one(s, r, false, ke_json_get(q, "params"),
	    &status, &body);

	k->count++;
	if (ke_json_true(entry, "expired")) {
		json_add(&k->lines, "{'custom_id':$s,'result':{'type':"
		    "'expired'}}\n", id);
	} else if (status == 200) {
		k->succeeded++;
		json_add(&k->lines, "{'custom_id':$s,'result':{'type':"
		    "'succeeded','message':$j}}\n", id, body.s);
	} else {
		json_add(&k->lines, "{'custom_id':$s,'result':{'type':"
		    "'errored','error':$j}}\n", id, body.s);
	}
	ke_buf_free(&body);
}

/* The batch as Anthropic tells of it. */
static void
tell_message_batch(int id, struct ke_buf *b)
{
	const struct kept *k = &all[id - 1];
	bool ended = k->looks >= LOOKS;
	char made[40], name[32], url[80];
	struct tm tm;

	gmtime_r(&k->made, &tm);
	strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%S.250000Z", &tm);
	snprintf(name, sizeof(name), "msgbatch_%d", id);
	snprintf(url, sizeof(url), "https://api.invalid" MESSAGES "/%s/results",
	    name);
	json_add(b, "{'id':$s,'type':'message_batch','processing_status':$s,"
	    "'request_counts':{'processing':$d,'succeeded':$d,'errored':$d,"
	    "'canceled':0,'expired':0},'created_at':$s,'ended_at':$s,"
	    "'results_url':$s}", name, ended ? "ended" : "in_progress",
	    (int64_t)(ended ? 0 : k->count),
	    (int64_t)(ended ? k->succeeded : 0),
	    (int64_t)(ended ? k->count - k->succeeded : 0), made,
	    ended ? made : NULL, ended ? url : NULL);
}

static void
make_message_batch(struct script *s, struct request *r, int *status,
    struct ke_buf *b)
{
	const cJSON *requests = ke_json_array(r->json, "requests"), *q;
	const char *wrong = check_requests(requests);
	struct kept k = {.batch = true};

	if (wrong != NULL) {
		fail(false, 400, wrong, status, b);
		return;
	}
	cJSON_ArrayForEach(q, requests)
		add_result(&k, s, r, q);
	tell_message_batch(keep(k), b);
}

static const char *
status_of(const struct kept *k)
{
	return k->looks < LOOKS ? "in_progress"
	    : k->broken != NULL ? "failed" : "completed";
}

static void
add_file_id(struct ke_buf *b, int id)
{
	if (id == 0)
		ke_buf_str(b, "null");
	else
		ke_buf_fmt(b, "\"file-%d\"", id);
}

/* The batch as OpenAI tells of it. */
static void
tell_batch(int id, struct ke_buf *b)
{
	const struct kept *k = &all[id - 1];
	char *metadata = json_text(k->metadata), name[32];
	bool ended = k->looks >= LOOKS;

	snprintf(name, sizeof(name), "batch_%d", id);
	json_add(b, "{'id':$s,'object':'batch','endpoint':'" CHAT "',"
	    "'completion_window':'24h','status':$s,'created_at':$d,"
	    "'metadata':$j,'request_counts':{'total':$d,'completed':$d,"
	    "'failed':$d},'errors':", name, status_of(k), (int64_t)k->made,
	    metadata, (int64_t)k->count, (int64_t)k->succeeded,
	    (int64_t)(k->count - k->succeeded));
	if (ended && k->broken != NULL)
		json_add(b, "{'object':'list','data':[{'code':'invalid',"
		    "'message':$s,'line':1}]}", k->broken);
	else
		ke_buf_str(b, "null");
	ke_buf_str(b, ",\"input_file_id\":");
	add_file_id(b, k->input);
	ke_buf_str(b, ",\"output_file_id\":");
	add_file_id(b, ended ? k->output : 0);
	ke_buf_str(b, ",\"error_file_id\":");
	add_file_id(b, ended ? k->errors : 0);
	ke_buf_str(b, "}");
	free(metadata);
}

/* The content of the form's part `file` becomes a file. */
static void
make_file(const struct request *r, int *status, struct ke_buf *b)
{
	const char *type = header(r, "content-type");
	const char *boundary = type == NULL ? NULL : strstr(type, "boundary=");
	const char *part = r->body.s == NULL ? NULL
	    : strstr(r->body.s, "name=\"file\""), *end = NULL;
	struct kept k = {0};
	struct ke_buf mark = {0};
	char name[32];

	if (part != NULL && boundary != NULL &&
	    strstr(r->body.s, "name=\"purpose\"\r\n\r\nbatch\r\n") != NULL) {
		ke_buf_fmt(&mark, "\r\n--%s", boundary + 9);
		part = strstr(part, "\r\n\r\n");
		end = part == NULL ? NULL : strstr(part + 4, mark.s);
	}
	ke_buf_free(&mark);
	if (end == NULL) {
		fail(true, 400, "'file' is a required property", status, b);
		return;
	}
	ke_buf_add(&k.lines, part + 4, (size_t)(end - part) - 4);
	snprintf(name, sizeof(name), "file-%d", keep(k));
	json_add(b, "{'id':$s,'object':'file','purpose':'batch'}", name);
}

/* Answers a line of the input into the output or the errors. */
static void
add_line(struct kept *k, struct script *s, const struct request *r,
    const cJSON *q, struct ke_buf *output, struct ke_buf *errors)
{
	const char *id = ke_json_string(q, "custom_id");
	struct ke_buf body = {0};
	int status;
	const cJSON *entry = ask_one(s, r, true, ke_json_get(q, "body"),
	    &status, &body);

	k->count++;
	k->succeeded += status == 200 && !ke_json_true(entry, "expired");
	if (ke_json_true(entry, "expired"))
		json_add(errors, "{'id':'r','custom_id':$s,'response':null,"
		    "'error':{'code':'batch_expired','message':'This request "
		    "could not be executed before the completion window "
		    "expired.'}}\n", id);
	else
		json_add(status == 200 ? output : errors, "{'id':'r',"
		    "'custom_id':$s,'response':{'status_code':$d,"
		    "'request_id':'r','body':$j},'error':null}\n", id,
		    (int64_t)status, body.s);
	ke_buf_free(&body);
}

static void
run_lines(struct kept *k, struct script *s, const struct request *r,
    const char *text)
{
	struct kept output = {0}, errors = {0};
	const char *end;

	for (; *text != '\0' && k->broken == NULL;
	    text = *end == '\0' ? end : end + 1) {
		struct ke_err e;
		cJSON *q;

		end = text + strcspn(text, "\n");
		q = ke_json_parse(text, (size_t)(end - text), &e);
		if (!is_id(ke_json_string(q, "custom_id")) ||
		    ke_json_string(q, "method") == NULL ||
		    ke_json_string(q, "url") == NULL ||
		    strcmp(ke_json_string(q, "url"), CHAT) != 0)
			k->broken = "Invalid line";
		else
			add_line(k, s, r, q, &output.lines, &errors.lines);
		cJSON_Delete(q);
	}
	if (output.lines.n > 0)
		k->output = keep(output);
	if (errors.lines.n > 0)
		k->errors = keep(errors);
}

/* The number behind the prefix, of a file or of a batch; 0 where there is no
 * such one. */
static int
find(const char *name, const char *prefix, bool batch)
{
	size_t n = strlen(prefix);
	int id = name == NULL || strncmp(name, prefix, n) != 0 ? 0
	    : (int)strtol(name + n, NULL, 10);

	return id < 1 || id > n_all || all[id - 1].batch != batch ? 0 : id;
}

static void
make_batch(struct script *s, struct request *r, int *status, struct ke_buf *b)
{
	int input = find(ke_json_string(r->json, "input_file_id"), "file-",
	    false);
	const char *endpoint = ke_json_string(r->json, "endpoint");
	const char *window = ke_json_string(r->json, "completion_window");
	struct kept k = {.batch = true, .openai = true, .input = input};

	if (input == 0 || endpoint == NULL || strcmp(endpoint, CHAT) != 0 ||
	    window == NULL || strcmp(window, "24h") != 0) {
		fail(true, 400, "Invalid batch", status, b);
		return;
	}
	k.metadata = cJSON_Duplicate(ke_json_object(r->json, "metadata"), 1);
	run_lines(&k, s, r, all[input - 1].lines.s);
	tell_batch(keep(k), b);
}

static void
list(bool openai, struct ke_buf *b)
{
	const char *comma = "";

	ke_buf_str(b, "{\"data\":[");
	for (int id = n_all; id >= 1; id--) {
		if (!all[id - 1].batch || all[id - 1].openai != openai)
			continue;
		ke_buf_str(b, comma);
		comma = ",";
		all[id - 1].looks++;
		if (openai)
			tell_batch(id, b);
		else
			tell_message_batch(id, b);
	}
	ke_buf_str(b, "],\"has_more\":false}");
}

/* What is there of that path; rest is what stands behind the collection's. */
static void
get(bool openai, const char *rest, int *status, struct ke_buf *b)
{
	bool file = openai && strncmp(rest, "/file-", 6) == 0;
	int id = find(rest, file ? "/file-" : openai ? "/batch_"
	    : "/msgbatch_", !file);
	const struct kept *k = id == 0 ? NULL : &all[id - 1];

	if (k == NULL || (!file && k->openai != openai)) {
		fail(openai, 404, NULL, status, b);
	} else if (file || strstr(rest, "/results") != NULL) {
		ke_buf_str(b, k->lines.s);
	} else {
		all[id - 1].looks++;
		if (openai)
			tell_batch(id, b);
		else
			tell_message_batch(id, b);
	}
}

void
batch_answer(struct script *s, struct request *r, int *status,
    struct ke_buf *b)
{
	bool openai = strncmp(r->target, MESSAGES, strlen(MESSAGES)) != 0;
	bool files = strncmp(r->target, FILES, strlen(FILES)) == 0;
	const char *rest = r->target + (files ? strlen(FILES) : openai
	    ? strlen(BATCHES) : strlen(MESSAGES));
	bool post = strcmp(r->method, "POST") == 0;
	struct ke_err e;

	if (!has_key(r, openai)) {
		fail(openai, 401, NULL, status, b);
	} else if (*status != 200) {
		fail(openai, *status, NULL, status, b);
	} else if (!post && (*rest == '\0' || *rest == '?')) {
		list(openai, b);
	} else if (!post) {
		get(openai, rest, status, b);
	} else if (files) {
		make_file(r, status, b);
	} else {
		r->parsed = ke_json_parse(r->body.s == NULL ? "" : r->body.s,
		    r->body.n, &e);
		r->json = r->parsed;
		if (openai)
			make_batch(s, r, status, b);
		else
			make_message_batch(s, r, status, b);
	}
}
