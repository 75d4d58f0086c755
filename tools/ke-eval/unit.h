/* The text that is compiled for a candidate. */
#ifndef KE_EVAL_UNIT_H
#define KE_EVAL_UNIT_H

#include "plan.h"

/* In C, in CUDA, in HIP, in Triton.  The caller frees. */
char *unit_c_text(const struct ke_plan *, const char *source,
    const struct ke_op *, enum ke_dtype variant, const struct ke_resolved *);
char *unit_cuda_text(const struct ke_plan *, const char *source,
    const struct ke_op *, enum ke_dtype variant, const struct ke_resolved *);
char *unit_hip_text(const struct ke_plan *, const char *source,
    const struct ke_op *, enum ke_dtype variant, const struct ke_resolved *);
char *unit_triton_text(const struct ke_plan *, const char *source,
    const struct ke_op *, enum ke_dtype variant, const struct ke_resolved *);

/* What the language calls a type; "" where it has none. */
const char *unit_c_type(enum ke_dtype);
const char *unit_cuda_type(enum ke_dtype);
const char *unit_hip_type(enum ke_dtype);

/* The integer types that a text in CUDA or HIP begins with. */
const char *unit_cuda_types(void);

#endif
