/* -C: every evaluation of a call is held against an earlier one. */
#ifndef KE_EVAL_RECHECK_H
#define KE_EVAL_RECHECK_H

#include "earlier.h"

struct recheck {
	struct earlier earlier; /* path NULL: no -C */
	bool regressed;         /* any of them */
};

/* What to hold, and how to evaluate it again: as each() of ke_filter, 0 where
 * it went well. */
struct recheck_of {
	cJSON *rec; /* with its eval */
	const struct ke_op *op;
	const char *dtype, *set, *name, *where;
	int (*again)(cJSON *rec, const struct ke_op *, const char *dtype,
	    const char *where);
};

/* The effort of the earlier result, NULL where there is none. */
const char *recheck_effort(const struct recheck *, const cJSON *rec,
    const struct ke_op *, const char *dtype, const char *set);

/* Adds eval.compared, and says on stderr what is worse or has no earlier
 * result.  0, or what again() answered. */
int recheck_hold(struct recheck *, const struct recheck_of *);

#endif
