/* An answer as its bytes come. */
#include <stdio.h>
#include <string.h>

#include "hear.h"

#define BODY_MAX ((size_t)64 << 20) /* bytes; text is longer as JSON */
#define QUOTE_MAX 200 /* bytes of what is no answer that are quoted */

static bool
is_good(long status)
{
	return status >= 200 && status < 300;
}

/* The server said an error, with that prefix. */
static void
said(struct hearing *h, const cJSON *v, const char *prefix)
{
	const char *words = reply_error(v), *kind = reply_error_kind(v);

	h->fault = FAULT_SAID;
	h->delay = reply_error_delay(v);
	if (kind != NULL)
		snprintf(h->kind, sizeof(h->kind), "%s", kind);
	ke_fail(&h->why, "%s%s%s%s", prefix, kind == NULL ? "" : kind,
	    kind == NULL || words == NULL ? "" : ": ",
	    words != NULL ? words : kind != NULL ? "" : "an error");
}

static void
broken(struct hearing *h, const char *what, const struct ke_err *e)
{
	h->fault = FAULT_BROKEN;
	ke_fail(&h->why, "%s: %s", what, e->msg);
}

static int
on_event(void *arg, const char *name, const char *data, size_t n,
    struct ke_err *e)
{
	struct hearing *h = arg;
	int status = -1;
	cJSON *v;

	(void)name; /* which the data repeats where it matters */
	h->events++;
	if (h->ended)
		return 0;
	if (strcmp(data, "[DONE]") == 0) {
		h->ended = true;
		return 0;
	}
	v = reply_parse(data, n, e);
	if (v == NULL)
		return -1;
	if (reply_is_error(v))
		said(h, v, "");
	else
		status = h->protocol->event(&h->stream, v, &h->reply, e);
	/* a response that failed says so in its last event */
	if (status == -1 && h->fault == FAULT_NONE &&
	    reply_is_error(ke_json_object(v, "response")))
		said(h, ke_json_object(v, "response"), "");
	h->ended = status == 1;
	cJSON_Delete(v);
	return status == -1 ? -1 : 0;
}

bool
hear(struct hearing *h, long status, const char *type, const char *p,
    size_t n)
{
	struct ke_err e;

	h->streamed = is_good(status) &&
	    strcasecmp(type, "text/event-stream") == 0;
	if (!h->streamed) {
		ke_buf_add(&h->body, p, n);
		if (h->body.n <= BODY_MAX)
			return true;
		ke_fail(&e, "more than %zu bytes", BODY_MAX);
		broken(h, "the reply", &e);
		return false;
	}
	if (sse_feed(&h->sse, p, n, on_event, h, &e) == -1) {
		if (h->fault == FAULT_NONE)
			broken(h, "the stream", &e);
		return false;
	}
	if (h->reply.text.n <= HEAR_ANSWER_MAX)
		return true;
	h->fault = FAULT_LONG;
	ke_fail(&h->why, "more than %zu bytes", HEAR_ANSWER_MAX);
	return false;
}

/* The beginning of what came, on one line. */
static void
quote(struct hearing *h, const char *prefix, const char *type)
{
	char words[QUOTE_MAX + 1];

	snprintf(words, sizeof(words), "%s", h->body.n == 0 ? ""
	    : h->body.s + strspn(h->body.s, " \t\r\n"));
	ke_fail(&h->why, "%s%s%s%s%s", prefix, *type == '\0'
	    ? "no content type" : type, *words == '\0' ? "" : ": \"", words,
	    *words == '\0' ? "" : "\"");
}

static void
refused(struct hearing *h, long status, const char *type, const cJSON *v)
{
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "HTTP %ld: ", status);
	h->fault = FAULT_SAID;
	if (v != NULL && (reply_error(v) != NULL ||
	    reply_error_kind(v) != NULL))
		said(h, v, prefix);
	else
		quote(h, prefix, type);
}

static void
read_whole(struct hearing *h, const cJSON *v)
{
	struct ke_err e;

	if (reply_is_error(v)) {
		said(h, v, "");
	} else if (h->protocol->whole(v, &h->reply, &e) == -1) {
		broken(h, "the reply", &e);
	} else if (h->reply.text.n > HEAR_ANSWER_MAX) {
		h->fault = FAULT_LONG;
		ke_fail(&h->why, "more than %zu bytes", HEAR_ANSWER_MAX);
	}
}

static void
hear_out_whole(struct hearing *h, long status, const char *type)
{
	struct ke_err e;
	cJSON *v = reply_parse(h->body.n == 0 ? "" : h->body.s, h->body.n, &e);

	if (!is_good(status)) {
		refused(h, status, type, v);
	} else if (v != NULL) {
		read_whole(h, v);
	} else if (strcasestr(type, "json") != NULL) {
		broken(h, "the reply", &e);
	} else {
		h->fault = FAULT_SAID;
		quote(h, "no answer but ", type);
	}
	cJSON_Delete(v);
	ke_buf_free(&h->body);
}

bool
hear_out(struct hearing *h, long status, const char *type)
{
	if (h->fault != FAULT_NONE)
		return false;
	if (!h->streamed) {
		hear_out_whole(h, status, type);
	} else if (!h->ended && h->reply.finish_reason == NULL) {
		h->fault = FAULT_BROKEN;
		ke_fail(&h->why, "the stream ended before the answer did");
	} else {
		h->protocol->end(&h->stream, &h->reply);
	}
	return h->fault == FAULT_NONE;
}

void
hear_free(struct hearing *h)
{
	reply_free(&h->reply);
	stream_free(&h->stream);
	sse_free(&h->sse);
	ke_buf_free(&h->body);
}
