/* The text that is compiled for a candidate. */
#ifndef KE_EVAL_UNIT_H
#define KE_EVAL_UNIT_H

#include "plan.h"

/* The caller frees. */
char *unit_text(const struct ke_plan *, const char *source,
    const struct ke_op *, enum ke_dtype variant, const struct ke_resolved *);

#endif
