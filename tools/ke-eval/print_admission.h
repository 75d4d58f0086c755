#ifndef KE_EVAL_PRINT_ADMISSION_H
#define KE_EVAL_PRINT_ADMISSION_H

#include "evaluate.h"

/* ke-eval -A: judges the operators named ("all": those installed), each in the
 * dtype variant given or, where it is NULL, in all of its own, and prints a
 * line (or for people a table) for each.  The exit status. */
int print_admissions(char *const *names, const char *dtype,
    const struct settings *, bool as_table);

#endif
