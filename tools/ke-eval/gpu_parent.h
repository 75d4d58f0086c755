/* ke-eval's end of a keeper and its runner: gpu.c starts the keeper,
 * gpu_parent.c the runner, gpu_play.c has both do their part of one play. */
#ifndef KE_EVAL_GPU_PARENT_H
#define KE_EVAL_GPU_PARENT_H

#include "epoch.h"
#include "gpu.h"

/* How long ke-eval waits for what must come whatever the candidate does. */
#define GPU_OPEN_S 30.0   /* a context, or some of its memory */
#define GPU_READY_S 10.0  /* a runner, until the candidate is to run */
#define GPU_KEEPER_S 10.0 /* an answer of the keeper, beside the reference */

/* A process on the device: the keeper, a runner. */
struct gpu_process {
	pid_t pid; /* 0: none */
	int pidfd, fd;
};

struct gpu {
	const struct gpu_vendor *vendor;
	struct gpu_info info;
	struct gpu_process keeper, runner;
	uint32_t n_regions;
	struct gpu_region *regions;
	int *fds;
	uint32_t loads; /* so far */
	char *kernels; /* the harness's, a path */
};

/* The target's start and stop: the side's cubins into the runner, which is
 * started where there is none, and out of it. */
int gpu_side_start(struct epoch *, struct side *, struct verdict *,
    struct ke_err *);
void gpu_side_stop(struct epoch *, struct side *);

/* Waits for a runner's reply: 1; 0 where there will be none; -1 too late. */
int gpu_hear(const struct gpu_process *, double seconds, struct gpu_reply *);

/* Forks, with a socket between both: 0 in the child; its pid, which is in
 * *process too, or -1 with the reason.  Nobody waits longer than GPU_OPEN_S for
 * a message to be taken. */
pid_t gpu_fork(struct gpu_process *, int *socket, struct ke_err *);

/* Ends it.  -1 where it outlives SIGKILL: then the device is stuck for good.
 * *signal (may be NULL): what had killed it before, or 0. */
int gpu_end_process(struct gpu_process *, int *signal);

/* Is there a process that outlived SIGKILL?  Then the device gets no more
 * work. */
bool gpu_is_stuck(void);

/* Asks the keeper, for an answer of n bytes.  -1 with a verdict where there is
 * none: then it is lost. */
int gpu_ask_keeper(struct epoch *, const struct gpu_ask *, double seconds,
    void *to, size_t n, struct verdict *);

/* The keeper failed: it is ended, and the epoch is down. */
int gpu_lose_keeper(struct epoch *, struct verdict *, const char *why);

/* The runner failed before anything of a candidate ran in it, heard as of
 * gpu_hear(): likewise. */
int gpu_lose_runner(struct epoch *, int heard, const struct gpu_reply *,
    struct verdict *);

/* The target's run and verify, as of play.h, and needs. */
int gpu_play_run(const struct play *, struct ran *, struct verdict *,
    struct ke_err *);
int gpu_play_verify(const struct play *, enum question, uint32_t candidate,
    struct answer *worst, struct ke_err *);
int gpu_play_needs(const struct play *, size_t slot, size_t truth,
    struct accept_needs *, struct verdict *);

#endif
