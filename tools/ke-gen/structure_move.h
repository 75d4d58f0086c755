/* The moves of structure.c: each changes a text, or finds that it can't. */
#ifndef STRUCTURE_MOVE_H
#define STRUCTURE_MOVE_H

#include "plan_text.h"
#include "rng.h"
#include "space.h"

struct variant {
	const struct space *from;
	struct rng *rng;
	struct plan_text text; /* of from, to be changed */
	cJSON *choice;         /* the record's, over the plan's own */
	/* the second parent, or NULL; its plan may be of the same text */
	const struct ke_plan *second;
	const cJSON *second_choice;
	struct ke_buf words;   /* what was done */
};

/* False where there is nothing to do; the variant is of no use then. */
bool structure_flags(struct variant *);
bool structure_rows(struct variant *);
bool structure_constants(struct variant *);
bool structure_bounds(struct variant *);
bool structure_cross(struct variant *);

/* The value that a tunable has, by the choice or else the plan's own (of rows
 * the first). */
int64_t structure_value(const struct ke_plan *, const cJSON *choice,
    const char *name);

/* Replaces the text behind the plan's at [at, at + n). */
void structure_splice(struct variant *, size_t at, size_t n, const char *with);

/* Where in the text behind the plan the code begins. */
size_t structure_code(const struct variant *);

#endif
