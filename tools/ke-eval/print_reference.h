/* -R: drawn inputs and the reference's outputs, for cross-checks. */
#ifndef KE_EVAL_PRINT_REFERENCE_H
#define KE_EVAL_PRINT_REFERENCE_H

#include "op.h"

/* One line per case of the set, see ke-eval(1).  Runs ref.c in this process.
 * 0, or an exit status after a message on stderr. */
int print_reference(const struct ke_op *, const char *dtype, const char *set,
    uint64_t seed);

#endif
