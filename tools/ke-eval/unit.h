/* The text that is compiled for a candidate. */
#ifndef KE_EVAL_UNIT_H
#define KE_EVAL_UNIT_H

#include "plan.h"

/* In C, and in CUDA.  The caller frees. */
char *unit_c_text(const struct ke_plan *, const char *source,
    const struct ke_op *, enum ke_dtype variant, const struct ke_resolved *);
char *unit_cuda_text(const struct ke_plan *, const char *source,
    const struct ke_op *, enum ke_dtype variant, const struct ke_resolved *);

/* The integer types that a text in CUDA begins with. */
const char *unit_cuda_types(void);

#endif
