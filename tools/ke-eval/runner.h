/* The parent's end of a runner: starts it, has it run segments, holds the
 * clock, and survives whatever becomes of it. */
#ifndef KE_EVAL_RUNNER_H
#define KE_EVAL_RUNNER_H

#include <sys/types.h>

#include "compile.h"
#include "memory.h"
#include "verdict.h"
#include "wire.h"

#define GRACE_S 0.1 /* beyond a deadline, for a machine that stood still */
#define KILL_S 10.0 /* a process that outlives SIGKILL so long is stuck */

struct runner {
	pid_t pid; /* 0: none */
	int pidfd, command, reply;
	unsigned layers; /* of its sandbox */
};

/* Starts a process that loads the program's variants.  0; -1 with a verdict
 * where the candidate is at fault (v->status is not KE_PASS), else the reason
 * in e. */
int runner_start(struct runner *, struct program *, int inputs_ro,
    int outputs, struct verdict *, struct ke_err *);
void runner_stop(struct runner *);

/* What to run. */
struct segment {
	struct wire_segment head;
	struct wire_region *regions;
	uint32_t *execs;
	size_t regions_cap, execs_cap;
};

uint32_t segment_region(struct segment *, const struct wire_region *);
/* Adds an execution: n_buffers region indices. */
void segment_exec(struct segment *, const uint32_t *buffers);
void segment_free(struct segment *);

struct ran {
	double seconds; /* from "go" to "done", by our clock */
	double cpu_s;   /* of the segment's process, all threads, meanwhile */
	/* on a GPU, where seconds are the device's: by our clock; of an SM */
	double wall_s, mhz;
};

/* Runs it: 0, or -1 with a verdict (fault, timeout, protocol, hung); then
 * the runner is stopped. */
int runner_run(struct runner *, const struct segment *, double deadline_s,
    struct ran *, struct verdict *);

#endif
