/* Parts of the parent's end of a runner: runner.c starts and ends it,
 * runner_segment.c has it run segments. */
#ifndef KE_EVAL_RUNNER_PARTS_H
#define KE_EVAL_RUNNER_PARTS_H

#include "runner.h"

#define LOAD_S 10.0 /* for the program, and before a segment's first block */

/* Reads one message within the time.  1 with a reply, and in *from the process
 * that sent it, which the kernel says; 0 where it is none, or there will be no
 * more; -1 too late. */
int runner_hear(struct runner *, double until, struct wire_reply *,
    pid_t *from);

/* It broke off: what happened, from how the process ended.  heard is what
 * runner_hear() said, what says when.  Returns -1 with the verdict. */
int runner_broke(struct runner *, int heard, const char *what,
    struct verdict *);

#endif
