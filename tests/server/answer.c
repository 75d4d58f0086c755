/* From a request and a line of the script to the bytes that are sent, and when:
 * the service makes the body, the script's faults are laid over it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

static const struct api *const apis[] = {&api_anthropic, &api_chat,
	&api_responses, &api_gemini};

/* What is to be sent, before it is laid out in parts. */
struct draft {
	const struct api *api; /* NULL: no such path */
	const cJSON *entry; /* NULL: none */
	int status;
	bool stream;
	struct body body;
	size_t keep; /* bytes of the body that are sent */
	enum ending ending;
	bool ends; /* as if that were all */
	bool drop; /* nothing is sent, not even a head */
};

/* The path of a target that may be a whole URL and have a query. */
static char *
path_of(const char *target)
{
	const char *host = strstr(target, "://");
	const char *path = host == NULL ? target : strchr(host + 3, '/');

	path = path == NULL ? "/" : path;
	return ke_strndup(path, strcspn(path, "?"));
}

static const struct api *
find_api(const struct request *r)
{
	char *path = path_of(r->target);
	const struct api *found = NULL;

	for (size_t i = 0; i < KE_LEN(apis); i++)
		if (apis[i]->mine(path))
			found = apis[i];
	free(path);
	return found;
}

/* What any service wants of a request, and what this one does. */
static bool
check(const struct api *a, struct request *r, struct refusal *why)
{
	const char *type = header(r, "content-type");
	struct ke_err e;

	a->refuse(400, why);
	if (strcmp(r->method, "POST") != 0) {
		a->refuse(405, why);
		ke_fail(&why->message, "Method Not Allowed");
		return false;
	}
	if (type == NULL || strncmp(type, "application/json", 16) != 0) {
		a->refuse(415, why);
		ke_fail(&why->message, "Unsupported content type: %s", type);
		return false;
	}
	r->parsed = r->body.s == NULL ? NULL
	    : ke_json_parse(r->body.s, r->body.n, &e);
	r->json = cJSON_IsObject(r->parsed) ? r->parsed : NULL;
	if (r->json == NULL) {
		ke_fail(&why->message,
		    "We could not parse the JSON body of your request.");
		return false;
	}
	return a->check(r, why);
}

static void
fill_error(struct draft *d, const struct refusal *why)
{
	d->status = why->status;
	d->stream = false;
	d->api->error(why, &d->body);
}

/* The script's text, of so many bytes where it has a size. */
static char *
answer_text(const cJSON *entry)
{
	const char *text = ke_json_string(entry, "text");
	size_t size = (size_t)ke_json_number(entry, "size", 0);
	struct ke_buf b = {0};

	ke_buf_str(&b, text == NULL ? "" : text);
	while (b.n > 0 && b.n < size)
		ke_buf_str(&b, text);
	return b.s == NULL ? ke_strdup("") : b.s;
}

static int64_t
count(const cJSON *usage, const char *name, int64_t other)
{
	return (int64_t)ke_json_number(usage, name, (double)other);
}

static void
fill_reply(struct draft *d, const struct request *r, int number)
{
	const cJSON *usage = ke_json_object(d->entry, "usage");
	const char *finish = ke_json_string(d->entry, "finish");
	const char *model = ke_json_string(d->entry, "model");
	bool none = cJSON_IsNull(ke_json_get(d->entry, "usage"));
	char *text = answer_text(d->entry);
	struct reply reply = {.request = r, .text = text, .number = number,
	    .reasoning = ke_json_string(d->entry, "reasoning"),
	    .model = model == NULL ? r->model : model,
	    .calls = ke_json_array(d->entry, "calls"),
	    .finish = finish == NULL ? "stop" : finish,
	    .in = count(usage, "in", none ? -1 : 10),
	    .out = count(usage, "out", none ? -1 : 5),
	    .cached = count(usage, "cached", 0),
	    .written = count(usage, "cache_written", 0),
	    .thought = count(usage, "reasoning", 0),
	    .piece = (size_t)ke_json_number(d->entry, "piece", 16)};

	d->stream = r->stream;
	if (r->stream)
		d->api->stream(&reply, &d->body);
	else
		d->api->whole(&reply, &d->body);
	free(text);
}

/* A refusal in the words of the service, or of the script. */
static void
script_refusal(const struct draft *d, int status, struct refusal *why)
{
	const char *message = ke_json_string(d->entry, "message");

	d->api->refuse(status, why);
	why->delay = ke_json_string(d->entry, "retry_delay");
	if (message != NULL)
		ke_fail(&why->message, "%s", message);
}

static void
fill_body(struct draft *d, const struct request *r, int number)
{
	const char *raw = ke_json_string(d->entry, "raw");
	struct refusal why = {0};

	d->status = (int)ke_json_number(d->entry, "status", 200);
	if (raw != NULL) {
		d->stream = r->stream && d->status == 200;
		ke_buf_str(&d->body.bytes, raw);
	} else if (d->status != 200) {
		script_refusal(d, d->status, &why);
		fill_error(d, &why);
	} else {
		fill_reply(d, r, number);
	}
}

/* Where an event begins; the first where there are none, the end where there
 * are fewer. */
static size_t
event_start(const struct body *b, size_t event)
{
	size_t at;

	if (event == 0)
		return 0;
	if (event >= b->starts.n / sizeof(at))
		return b->bytes.n;
	memcpy(&at, b->starts.s + event * sizeof(at), sizeof(at));
	return at;
}

static void
insert_text(struct body *b, size_t event, const char *raw)
{
	size_t at = event_start(b, event), n = strlen(raw);
	char *s;

	ke_buf_room(&b->bytes, n);
	s = b->bytes.s;
	memmove(s + at + n, s + at, b->bytes.n - at);
	memcpy(s + at, raw, n);
	b->bytes.n += n;
	for (size_t i = event; i < b->starts.n / sizeof(at); i++) {
		at = event_start(b, i) + n;
		memcpy(b->starts.s + i * sizeof(at), &at, sizeof(at));
	}
}

/* What the script says is to go wrong. */
static void
lay_faults(struct draft *d)
{
	static const struct {
		const char *name;
		enum ending ending;
		bool ends;
	} rows[] = {{"stall", END_STALL, false}, {"cut", END_CUT, false},
	    {"drop", END_CUT, false}, {"reset", END_RESET, false},
	    {"short", END_KEEP, true}, {"error", END_KEEP, true}};
	const cJSON *at = ke_json_array(d->entry, "at"), *insert;
	const char *end = ke_json_string(d->entry, "end");
	struct refusal why = {0};

	cJSON_ArrayForEach(insert, ke_json_array(d->entry, "insert"))
		insert_text(&d->body,
		    (size_t)ke_json_number(insert, "event", 0),
		    ke_json_string(insert, "raw"));
	d->keep = d->body.bytes.n;
	d->ends = true;
	if (end == NULL)
		return;
	d->keep = event_start(&d->body,
	    (size_t)cJSON_GetNumberValue(cJSON_GetArrayItem(at, 0))) +
	    (size_t)cJSON_GetNumberValue(cJSON_GetArrayItem(at, 1));
	if (d->keep > d->body.bytes.n)
		d->keep = d->body.bytes.n;
	for (size_t i = 0; i < KE_LEN(rows); i++)
		if (strcmp(rows[i].name, end) == 0) {
			d->ending = rows[i].ending;
			d->ends = rows[i].ends;
		}
	d->drop = strcmp(end, "drop") == 0;
	if (strcmp(end, "error") == 0) {
		d->body.bytes.n = d->keep;
		script_refusal(d, (int)ke_json_number(d->entry, "error",
		    500), &why);
		d->api->broken(&why, &d->body);
		d->keep = d->body.bytes.n;
	}
}

static void
add_part(struct answer *a, int64_t pause)
{
	struct part p = {a->bytes.n, pause};

	ke_buf_add(&a->parts, &p, sizeof(p));
}

static void
add_head(struct answer *a, const struct draft *d, int number)
{
	const char *type = ke_json_string(d->entry, "type");
	const cJSON *h;

	ke_buf_fmt(&a->bytes, "HTTP/1.1 %d %s\r\n", d->status,
	    d->status < 300 ? "OK" : "No");
	ke_buf_fmt(&a->bytes, "content-type: %s\r\n", type != NULL ? type
	    : d->stream ? "text/event-stream; charset=utf-8"
	    : "application/json");
	if (d->stream)
		ke_buf_str(&a->bytes, "transfer-encoding: chunked\r\n");
	else
		ke_buf_fmt(&a->bytes, "content-length: %zu\r\n",
		    d->ends ? d->keep : d->body.bytes.n);
	if (d->api != NULL && d->api->id_header != NULL)
		ke_buf_fmt(&a->bytes, "%s: req_%08d\r\n", d->api->id_header,
		    number);
	cJSON_ArrayForEach(h, ke_json_object(d->entry, "headers"))
		ke_buf_fmt(&a->bytes, "%s: %s\r\n", h->string,
		    cJSON_GetStringValue(h));
	ke_buf_str(&a->bytes, "\r\n");
}

/* The end of the part of the body that begins at from; *event is the first
 * that may begin behind it. */
static size_t
part_end(const struct draft *d, size_t from, size_t *event)
{
	size_t chunk = (size_t)ke_json_number(d->entry, "chunk", 0);
	size_t n = d->body.starts.n / sizeof(size_t), end;

	while (*event < n && event_start(&d->body, *event) <= from)
		++*event;
	end = chunk > 0 ? from + chunk
	    : *event < n ? event_start(&d->body, *event) : d->keep;
	return end < d->keep ? end : d->keep;
}

static void
add_body(struct answer *a, const struct draft *d)
{
	int64_t pause = (int64_t)ke_json_number(d->entry, "first", 0);
	size_t end, event = 0;

	for (size_t from = 0; from < d->keep; from = end) {
		end = part_end(d, from, &event);
		if (d->stream)
			ke_buf_fmt(&a->bytes, "%zx\r\n", end - from);
		ke_buf_add(&a->bytes, d->body.bytes.s + from, end - from);
		if (d->stream)
			ke_buf_str(&a->bytes, "\r\n");
		add_part(a, pause);
		pause = (int64_t)ke_json_number(d->entry, "gap", 0);
	}
	if (d->stream && d->ends) {
		ke_buf_str(&a->bytes, "0\r\n\r\n");
		add_part(a, 0);
	}
}

static void
make_tunnel(struct answer *a)
{
	ke_buf_str(&a->bytes, "HTTP/1.1 200 Connection established\r\n\r\n");
	add_part(a, 0);
	a->status = 200;
	a->ending = END_TUNNEL;
}

/* What the service answers, before any fault; the line of the script, or NULL.
 */
static struct entry *
fill(struct draft *d, struct script *s, struct request *r, int number)
{
	struct refusal why = {0};
	struct entry *e = NULL;

	if (!check(d->api, r, &why)) {
		fill_error(d, &why);
	} else if ((e = script_take(s, r)) == NULL) {
		d->api->refuse(400, &why);
		ke_fail(&why.message, "the script has no answer left");
		fill_error(d, &why);
	} else {
		d->entry = e->json;
		fill_body(d, r, number);
	}
	return e;
}

const cJSON *
answer_body(const struct api *api, struct script *s, struct request *r,
    int number, int *status, struct ke_buf *body)
{
	struct draft d = {.api = api};

	fill(&d, s, r, number);
	*status = d.status;
	*body = d.body.bytes;
	ke_buf_free(&d.body.starts);
	return d.entry;
}

void
answer_make(struct answer *a, struct script *s, struct request *r, int number)
{
	struct draft d = {.api = find_api(r)};
	struct entry *e = NULL;

	a->entry = -1;
	if (strcmp(r->method, "CONNECT") == 0) {
		make_tunnel(a);
		return;
	}
	if (d.api != NULL) {
		e = fill(&d, s, r, number);
	} else if (batch_mine(r)) {
		e = script_take_target(s, r);
		d.entry = e == NULL ? NULL : e->json;
		d.status = (int)ke_json_number(d.entry, "status", 200);
		batch_answer(s, r, &d.status, &d.body.bytes);
	} else {
		d.status = 404;
		ke_buf_str(&d.body.bytes, "{\"detail\":\"Not Found\"}");
	}
	if (e != NULL)
		a->entry = (long)(e - s->entries);
	lay_faults(&d);
	a->status = d.status;
	a->ending = d.ending;
	if (!d.drop)
		add_head(a, &d, number);
	add_part(a, (int64_t)ke_json_number(d.entry, "wait", 0));
	if (!d.drop)
		add_body(a, &d);
	ke_buf_free(&d.body.bytes);
	ke_buf_free(&d.body.starts);
}
