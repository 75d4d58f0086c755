/* A group's evaluation: a device that fails has a second chance. */
#ifndef KE_EVAL_CHANCE_H
#define KE_EVAL_CHANCE_H

#include "evaluate.h"

/* Evaluates a group of n, with -r runs it: each record gets an eval.  -1 with
 * the reason where none has; *is_op says whether the operator is at fault. */
int chance_evaluate(struct candidate *, size_t n, const struct ke_op *,
    const char *type, bool *is_op, struct ke_err *);

/* Ends what evaluations have in common. */
void chance_end(void);

#endif
