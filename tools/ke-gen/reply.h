/* What a model answered, whatever the protocol. */
#ifndef REPLY_H
#define REPLY_H

#include "json.h"

/* Tokens; -1: not said. */
struct usage {
	int64_t in;  /* all that went in, cached included */
	int64_t out; /* all that came out, reasoning included */
	int64_t cached, cache_written, reasoning;
};
#define USAGE_NONE ((struct usage){-1, -1, -1, -1, -1})

/* All zero but for usage (USAGE_NONE) is one in which nothing was said. */
struct reply {
	struct ke_buf text, reasoning;
	cJSON *calls; /* array of {id, name, args}, or NULL; args that aren't an
	    object are the text that came */
	cJSON *turn;  /* the assistant's, in the protocol's own form: a message,
	    or an array of what stands in their place */
	char *finish; /* stop, length, refusal, filter; NULL before the end */
	char *finish_reason; /* the server's own word */
	char *model, *id;
	struct usage usage;
};

void reply_free(struct reply *);

/* Replaces a member of the reply by a copy; NULL leaves it as it is. */
void reply_set(char **, const char *);

/* Adds a call; args is JSON text, owned by the caller. */
void reply_call(struct reply *, const char *id, const char *name,
    const char *args);

/* The value of JSON text from a server, or NULL with the reason.  More lenient
 * than ke_json_parse: bytes that aren't UTF-8 pass, for they may be half a
 * character whose other half is in the next event; what C strings can't hold
 * becomes U+FFFD.  The caller deletes. */
cJSON *reply_parse(const char *, size_t n, struct ke_err *);

/* Is this, in place of an answer, what went wrong? */
bool reply_is_error(const cJSON *);

/* What a server said went wrong, as its error object (of any of the
 * protocols) has it, or NULL.  Borrowed. */
const char *reply_error(const cJSON *);

/* The kind of error: its type, code or status, or NULL. */
const char *reply_error_kind(const cJSON *);

/* Seconds that the error says to wait (google.rpc.RetryInfo), or -1. */
double reply_error_delay(const cJSON *);

/* A count of tokens, or -1. */
int64_t usage_count(const cJSON *, const char *name);

/* Adds counts that were said. */
void usage_add(struct usage *, const struct usage *more);

/* The counts that were said. */
cJSON *usage_json(const struct usage *);

#endif
