/* What happened around an expansion: the context section, ke-record(5). */
#ifndef CONTEXT_H
#define CONTEXT_H

#include "db.h"
#include "json.h"
#include "run.h"

/* What is known of a node that others start from. */
struct origin {
	int64_t node; /* 0: there is no such node */
	int64_t depth;
	int64_t source; /* object, 0 for none */
	int64_t eval;   /* that it is known by, 0 for none */
	char *id, *pid, *choice, *fingerprint, *status; /* owned, or NULL */
	double score;
};

void origin_find(struct store *, struct origin *, const char *id);
void origin_free(struct origin *);

/* The text of its candidate (the caller frees); NULL with the reason. */
char *origin_source(struct store *, const struct origin *, struct ke_err *);

/* The section for an expansion from parent and second (node 0 where there is
 * none), within a transaction; NULL with the reason where an object can't be
 * read.  The caller deletes. */
cJSON *context_make(struct store *, const struct run *,
    const struct origin *parent, const struct origin *second,
    const char *memory, bool draft, struct ke_err *);

#endif
