/* The best kernels of runs that are like this one. */
#ifndef REUSE_H
#define REUSE_H

#include "json.h"
#include "run.h"

/* Brings the overviews of the newest other runs up to date, in a transaction
 * of its own where there is something to do. */
void reuse_refresh(struct store *, const struct run *);

/* The query of nodes to reuse: at most n, of the runs most like this one,
 * apart from those that context.reused has. */
sqlite3_stmt *reuse_similar(struct store *, const struct run *, int n);

/* A row of it as JSON, without the source, whose object is *source.  The
 * caller deletes. */
cJSON *reuse_entry(sqlite3_stmt *, int64_t *source);

#endif
