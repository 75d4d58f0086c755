/* The ceilings of this machine, measured by all workers at once. */
#ifndef KE_MEASURE_H
#define KE_MEASURE_H

#include "ceilings.h"

/* Fills in the peaks and levels for c->workers, in about a second; the caller
 * holds the processors' lock.  0, or -1 with the reason. */
int measure(const struct machine *, struct ceilings *, struct ke_err *);

#endif
