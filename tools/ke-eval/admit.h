/* ke-eval -A: is an operator fit to be measured with? */
#ifndef KE_EVAL_ADMIT_H
#define KE_EVAL_ADMIT_H

#include "evaluate.h"

/* One variant: fills o (an object with v, op, dtype) with what was tested and
 * found.  1 where it is admitted, 0 where it isn't; -1 with the reason where
 * the system failed. */
int admit(const struct ke_op *, const char *dtype, const struct settings *,
    cJSON *o, struct ke_err *);

#endif
