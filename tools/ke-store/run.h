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

/* The line that a run is created from: 0, or -1 with what it lacks. */
int run_check(const cJSON *line, struct ke_err *);

/* A run's name must survive a shell, a table and a file name. */
bool run_good_name(const char *);

/* Creates it: 0, or -1 where the name is taken.  finished may be NULL. */
int run_insert(struct store *, const char *name, const cJSON *line,
    int64_t created, const char *finished);

/* The line that ke-store nodes begins with.  The caller deletes. */
cJSON *run_header(const struct run *);

/* Its env (ke-record(5)), or NULL.  The caller deletes. */
cJSON *run_env(const struct run *);

#endif
