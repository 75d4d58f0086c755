/* Runs: what a search is about, as it was when the run was created. */
#ifndef RUN_H
#define RUN_H

#include "db.h"
#include "json.h"

struct run {
	int64_t run;
	char *name, *op, *target, *language, *dtype;
	char *env_key; /* NULL where none was given */
	char *record;  /* the line it was created from */
};

/* The run of that name, NULL for the newest; NULL with the reason where there
 * is none.  Valid until the next call. */
const struct run *run_find(struct store *, const char *name, struct ke_err *);

/* The line that ke-store nodes begins with.  The caller deletes. */
cJSON *run_header(const struct run *);

#endif
