/* How a candidate's blocks fall on the workers. */
#ifndef KE_GRID_H
#define KE_GRID_H

#include "profile.h"

struct grid {
	char kernel[64]; /* of the launch */
	double blocks;
	double busy;     /* share of the workers' time, for equal blocks */
};

/* Of the timed case whose blocks fall worst, in the launch of the function
 * (or else in the one with most blocks).  0, or -1 with the reason. */
int grid_worst(struct job *, const char *function, struct grid *,
    struct ke_err *);

#endif
