/* Committing a record: one node, or one more evaluation of a node, one row. */
#ifndef COMMIT_H
#define COMMIT_H

#include "json.h"
#include "object.h"
#include "run.h"

/* A record that was taken apart.  Strings are the record's. */
struct commit {
	cJSON *rec; /* owned; the bulky sections are null in it */
	const char *fingerprint; /* NULL where there is no source */
	const char *status, *phase, *effort;
	bool failed; /* no evaluation: status is error or lost */
	bool imported; /* its xid was drawn elsewhere, maybe a second time */
	double score;
	char *env_key, *strategy, *choice, *detail; /* owned, or NULL */
	cJSON *row, *cases; /* cases may be NULL */
	struct object source, prompt, eval, profile, rest;
};

/* Takes the record apart, outside of any transaction, and owns it.  line is
 * the text that it was read from, run is for records that name none (both may
 * be NULL). */
void commit_prepare(struct store *, struct commit *, cJSON *rec,
    const char *line, const char *run);
void commit_free(struct commit *);

/* Commits it, within a transaction: the row as text, which the caller frees;
 * NULL with the reason where the record can't be kept.  *late: the row there
 * was, nothing changed. */
char *commit_put(struct store *, struct commit *, bool *late,
    struct ke_err *);

/* Commits an expansion (which stays the caller's) as lost, within a
 * transaction. */
void commit_lost(struct store *, const cJSON *expansion);

#endif
