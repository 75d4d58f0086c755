/* Candidates that wait to be evaluated as one group: of one operator, dtype and
 * effort, at most GROUP_MAX. */
#ifndef KE_EVAL_WAITING_H
#define KE_EVAL_WAITING_H

#include "evaluate.h"

struct waiting {
	const struct target *target;
	const struct ke_op *op;
	char *type;
	bool full;
	size_t n;
	struct {
		cJSON *rec;
		char *name, *where; /* for the others; for messages */
	} of[GROUP_MAX];
};

/* Is there room for one like that? */
bool waiting_fits(const struct waiting *, const struct target *,
    const struct ke_op *,
    const char *type, bool full);

/* Adds a copy of the record, which fits. */
void waiting_add(struct waiting *, const cJSON *rec, const char *name,
    const char *where, const struct target *, const struct ke_op *,
    const char *type, bool full);

void waiting_clear(struct waiting *);

#endif
