/* What the tuner remembers of each run for as long as it lives: the context of
 * a record shows only the newest 128 of what was tried. */
#ifndef HISTORY_H
#define HISTORY_H

#include "space.h"

struct run {
	char *name;
	const struct ke_op *op; /* borrowed */
	const struct language *language;
	struct map seen;      /* fingerprints; 1: no result yet, 2: with one */
	struct space *spaces; /* seeds by name, then others */
	size_t n_seeds;       /* those with a plan */
	struct run *next;
};

/* The record's run, opened where it is new. */
struct run *history_run(struct run **all, const cJSON *rec,
    const struct ke_op *, const struct language *);

/* The run's space for this text; NULL with the reason where it has no plan. */
struct space *history_space(struct run *, const char *source, struct ke_err *);

/* The run's space for what the text says, or one that is not yet the run's:
 * history_keep or space_free it.  NULL with the reason where it has no plan. */
struct space *history_form(struct run *, const char *source, struct ke_err *);

/* Is the space the run's?  Makes it so where it isn't. */
bool history_keeps(const struct run *, const struct space *);
void history_keep(struct run *, struct space *);

/* Learns from what the record says was tried; parent (may be NULL) is the
 * source of entries that name none. */
void history_learn(struct run *, const cJSON *tried, struct space *parent);

/* Notes a fingerprint; false where it was noted before. */
bool history_note(struct run *, const char *fingerprint);

#endif
