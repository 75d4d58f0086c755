/* The protocols by which models are asked, each a row of functions.  Nothing
 * here knows of connections: JSON in, JSON out. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include "reply.h"

/* What is asked.  messages is an array of
 *   {role: system | user | assistant, content: text}, and of
 *   {raw: V}: V as the protocol has it, or each element of an array V;
 * tools one of {name, description, parameters (JSON Schema)}, or NULL. */
struct question {
	const cJSON *messages;
	const char *model;
	double temperature;  /* NaN: the server's own */
	const cJSON *params; /* merged into the body last; may be NULL */
	const cJSON *tools;
	bool stream;
};

/* A part of an answer that comes in pieces: a block, a call, or the like. */
struct part {
	cJSON *start; /* what it began with, or NULL */
	struct ke_buf text, extra;
};

/* What has come of an answer that is streamed.  All zero is the beginning. */
struct stream {
	size_t n;
	struct part *parts;
};

#define STREAM_PARTS 1024 /* in one answer, at most */

struct protocol {
	const char *name;
	const char *url; /* the vendor's, before any path */
	const char *key; /* environment variable */
	const char *auth;    /* the header that the key completes */
	const char *version; /* a header that must be sent, or NULL */
	/* What follows the URL; may have a query. */
	void (*path)(const struct question *, struct ke_buf *);
	/* The body, before params.  The caller deletes. */
	cJSON *(*body)(const struct question *);
	/* Reads an answer that is no stream: 0, or -1 with the reason. */
	int (*whole)(const cJSON *, struct reply *, struct ke_err *);
	/* Reads the next event: 1 after the last, 0 before, or -1 with the
	 * reason.  What has come is in the reply at once, but calls and turn
	 * only once end() was called. */
	int (*event)(struct stream *, const cJSON *, struct reply *,
	    struct ke_err *);
	void (*end)(struct stream *, struct reply *);
	/* Adds to messages what calls of the reply gave: results is an array
	 * of {id, name, content}.  The turn itself is there already. */
	void (*results)(cJSON *messages, const cJSON *results);
};

extern const struct protocol protocol_anthropic, protocol_openai,
    protocol_responses, protocol_gemini;

/* The protocol of that name, or NULL. */
const struct protocol *protocol_find(const char *name);

/* Merges one object into another as RFC 7396 has it: objects member by member,
 * null removes.  patch may be NULL. */
void protocol_merge(cJSON *into, const cJSON *patch);

/* The body with params merged in.  The caller deletes. */
cJSON *protocol_body(const struct protocol *, const struct question *);

/* How many tokens of output the body asks for at most, or -1. */
int64_t protocol_output_max(const cJSON *body);

/* The part of that number, made where it is new; NULL beyond STREAM_PARTS. */
struct part *stream_part(struct stream *, int64_t index);
void stream_free(struct stream *);

/* Adds text to what has come: a string, an array of objects with text, or
 * neither. */
void protocol_add_text(struct ke_buf *, const cJSON *);

/* A new object with one string. */
cJSON *protocol_object(const char *name, const char *value);

/* What an object for the result of a call is made of: a member that says so,
 * and the names of the members for the call's id and for what it gave. */
struct result_form {
	const char *name, *value, *id, *content;
};

/* Adds a raw message of that form for each of the results. */
void protocol_add_results(cJSON *messages, const cJSON *results,
    const struct result_form *);

/* Adds copies of what stands in the message's raw to the array; false where
 * the message is not raw. */
bool protocol_raw(const cJSON *message, cJSON *to);

/* A server's word for the end of an answer, and ours. */
struct finish {
	const char *word, *finish;
};

/* Notes the word (NULL: none came yet), and ours, which for one that isn't in
 * the table is stop. */
void protocol_finish(struct reply *, const char *word,
    const struct finish *, size_t n);

#endif
