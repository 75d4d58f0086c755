/* Server-sent events, as they come: the event stream format of the HTML
 * standard, 9.2.6. */
#ifndef SSE_H
#define SSE_H

#include <stdbool.h>

#include "mem.h"

#define SSE_EVENT_MAX ((size_t)64 << 20) /* bytes of one event */

/* All zero is a stream of which nothing has come. */
struct sse {
	struct ke_buf line, name, data;
	bool begun, after_cr, has_data;
};

/* Feeds what came next, cut anywhere, and calls event() for each event that is
 * whole: with its name ("" where it has none) and its data, terminated.  0, or
 * -1 where event() returned that or an event is too long, with the reason. */
int sse_feed(struct sse *, const char *, size_t n,
    int (*event)(void *arg, const char *name, const char *data, size_t n,
    struct ke_err *), void *arg, struct ke_err *);

void sse_free(struct sse *);

#endif
