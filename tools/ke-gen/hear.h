/* An answer as its bytes come: whether it is a stream, whole JSON, an error or
 * none of these. */
#ifndef HEAR_H
#define HEAR_H

#include "protocol.h"
#include "sse.h"

#define HEAR_ANSWER_MAX ((size_t)10 << 20) /* bytes of text */

enum fault {
	FAULT_NONE,
	FAULT_SAID,   /* the server says what went wrong */
	FAULT_BROKEN, /* it is no answer, or not all of one */
	FAULT_LONG,   /* more text than HEAR_ANSWER_MAX */
};

/* All zero but for protocol and reply.usage is one of which nothing came. */
struct hearing {
	const struct protocol *protocol;
	struct reply reply;
	struct stream stream;
	struct sse sse;
	struct ke_buf body; /* where it is no stream */
	size_t events;
	bool streamed;
	bool ended; /* the last event came: nothing more is needed */
	enum fault fault;
	struct ke_err why; /* of the fault */
	char kind[64];     /* of the error, in the server's words, or "" */
	double delay;      /* seconds that the error says to wait, where kind
	    is not "", or -1 */
};

/* Takes the next bytes of an answer with that HTTP status and media type.
 * False where there is a fault and the rest doesn't matter. */
bool hear(struct hearing *, long status, const char *type, const char *,
    size_t n);

/* Nothing more comes.  True where the reply is whole. */
bool hear_out(struct hearing *, long status, const char *type);

void hear_free(struct hearing *);

#endif
