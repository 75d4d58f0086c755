/* The workers of one segment: threads that call a candidate's kernels, once per
 * block, launch after launch, execution after execution. */
#ifndef KE_EVAL_TEAM_H
#define KE_EVAL_TEAM_H

#include "wire.h"

/* A command as it was heard. */
struct work {
	struct wire_segment head;
	struct wire_region *regions;
	uint32_t *execs;
	void **address; /* of each region's data */
};

struct team;

/* Starts the workers beside the caller, who is worker 0; they wait.  NULL
 * where that fails. */
struct team *team_start(const struct work *);
/* Runs everything.  0, or 1 where a kernel left another floating-point mode
 * than it found. */
int team_run(struct team *, wire_call *const *calls);

#endif
