/* Records as they were: what add took apart, put together again. */
#ifndef WHOLE_H
#define WHOLE_H

#include "db.h"
#include "json.h"

/* A commit's objects; 0 for none. */
struct parts {
	char *id; /* owned */
	int64_t seq, record, source, prompt, eval, profile;
};

/* The record.  Ends the program where an object can't be read.  The caller
 * deletes. */
cJSON *whole_record(struct store *, const struct parts *);

/* Its parts alone, with the same promises. */
cJSON *whole_json(struct store *, int64_t object);
char *whole_text(struct store *, int64_t object);

#endif
