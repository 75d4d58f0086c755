/* The script: what the server answers.  A JSON object a line:
 *
 * when     {model, body, stream}: only for requests of that model, whose body
 *          holds that text, that want a stream or not.  {target}: of the batch
 *          services, instead of one of a model's, where the target holds that
 *          text; it says what goes wrong with the answer
 * times    how often the line is played: 1 where it isn't said, 0 for ever
 *
 * The answer:
 * text     what the model says; with size, again and again until it is of so
 *          many bytes
 * reasoning  text; calls  [{id, name, args}] of tools
 * finish   stop, length, refusal, filter, failed; else stop or the protocol's
 *          word for calls
 * usage    {in, out, cached, cache_written, reasoning}: tokens, where `in`
 *          counts all that went in and `out` all that came out
 * model    the name that the server answers by; else the one asked for
 * piece    bytes of text an event; else 16
 *
 * Errors:
 * status   an HTTP status with its error; message, retry_delay (Gemini's) and
 *          headers to go with it
 * raw      the body, as it is, of content type type
 * type     content type, of any answer
 * insert   [{event, raw}]: text before that event (from 0) of a stream
 *
 * expired  true: in a batch, that it wasn't asked in time
 *
 * Faults; places are counted in events from 0 (a body that is no stream is one)
 * and bytes in it:
 * at       [event, byte]
 * end      what happens there: stall (nothing more comes), cut (closed, in the
 *          middle of what was promised), drop (closed before the first byte of
 *          the head), reset (cut by TCP's RST), short (the body ends, as if it
 *          were whole), error (the stream goes on with the protocol's error;
 *          error is its status, else 500)
 *
 * Time, in ms:
 * wait     before the first byte of the answer
 * first    before the first byte of its body, behind the headers
 * gap      between events
 * chunk    bytes of one HTTP chunk, each sent by itself; else an event each
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "server.h"

static void
add_line(struct script *s, const char *line, size_t n)
{
	struct ke_err e;
	cJSON *json = ke_json_parse(line, n, &e);
	int64_t times;

	if (!cJSON_IsObject(json))
		errx(2, "script: line %zu: %s", s->n + 1,
		    json == NULL ? e.msg : "not an object");
	times = (int64_t)ke_json_number(json, "times", 1);
	s->entries = ke_grow(s->entries, s->n + 1, sizeof(*s->entries));
	s->entries[s->n++] = (struct entry){json, times == 0 ? -1 : times};
}

void
script_read(struct script *s, const char *path)
{
	struct ke_buf text = {0};
	struct ke_err e;

	if (ke_file_read(path, (size_t)64 << 20, &text, &e) == -1)
		errx(2, "%s", e.msg);
	for (char *at = text.s, *end; at != NULL && *at != '\0';
	    at = *end == '\0' ? end : end + 1) {
		end = at + strcspn(at, "\n");
		if (end > at)
			add_line(s, at, (size_t)(end - at));
	}
	ke_buf_free(&text);
}

static bool
is_for(const cJSON *when, const struct request *r)
{
	const char *model = ke_json_string(when, "model");
	const char *body = ke_json_string(when, "body");
	const cJSON *stream = ke_json_get(when, "stream");

	return ke_json_get(when, "target") == NULL && (model == NULL ||
	    (r->model != NULL && strcmp(model, r->model) == 0)) &&
	    (body == NULL ||
	    (r->body.s != NULL && strstr(r->body.s, body) != NULL)) &&
	    (stream == NULL || cJSON_IsTrue(stream) == r->stream);
}

struct entry *
script_take(struct script *s, const struct request *r)
{
	for (size_t i = 0; i < s->n; i++) {
		struct entry *e = &s->entries[i];

		if (e->left == 0 || !is_for(ke_json_object(e->json, "when"), r))
			continue;
		if (e->left > 0)
			e->left--;
		return e;
	}
	return NULL;
}

struct entry *
script_take_target(struct script *s, const struct request *r)
{
	for (size_t i = 0; i < s->n; i++) {
		struct entry *e = &s->entries[i];
		const char *target = ke_json_string(
		    ke_json_object(e->json, "when"), "target");

		if (e->left == 0 || target == NULL ||
		    strstr(r->target, target) == NULL)
			continue;
		if (e->left > 0)
			e->left--;
		return e;
	}
	return NULL;
}
