/* Numbers from options: the whole text is a number within bounds, or the
 * reason why not. */
#ifndef KE_NUM_H
#define KE_NUM_H

#include <stdint.h>

#include "mem.h"

int ke_num_int(const char *, int64_t min, int64_t max, int64_t *,
    struct ke_err *);
int ke_num_real(const char *, double min, double max, double *,
    struct ke_err *);

#endif
