/* A runner from within: what its process holds.  gpu_runner.c has the process
 * and its memory, gpu_modules.c what candidates were loaded, gpu_launch.c their
 * runs. */
#ifndef KE_EVAL_GPU_RUNNER_H
#define KE_EVAL_GPU_RUNNER_H

#include "compile.h"
#include "gpu.h"

#define FD_SOCKET 3
#define LOCAL_SIZES 4
#define LOCAL_MAX 16384 /* bytes a thread: more isn't scrubbed */

/* What is loaded of a variant. */
struct modules {
	size_t n;
	struct {
		void *module;
		uint32_t at; /* of the variant's bytes */
	} of[KE_LAUNCHES_MAX];
};

struct gpu_runner_state {
	struct gpu_info info;
	struct gpu_region *regions;
	uint32_t n_regions;
	void *kernels, *poison, *hold, *nothing, *scrub, *write, *read, *clock,
	    *local[LOCAL_SIZES];
	void *stream, *events[2];
	gpu_ptr flush, never, clocks, go_there;
	size_t flush_bytes;
	volatile int *go;
	struct loaded {
		struct gpu_load head; /* number 0: none */
		void *images[VARIANTS_MAX];
		size_t bytes[VARIANTS_MAX];
		uint32_t n;
		struct modules kept; /* without the defence */
		uint32_t variant;
	} *loads;
	size_t n_loads;
	struct loaded *load; /* of this run */
	struct modules modules;
	void *functions[KE_LAUNCHES_MAX];
	struct gpu_region *spaces; /* workspaces, by execution and index */
	size_t n_spaces;
	struct gpu_reply reply;
};

/* That of this process. */
extern struct gpu_runner_state runner;

/* Sends runner.reply. */
void gpu_say(enum gpu_says);

/* Says it and ends: nothing that comes after would be worth anything. */
void gpu_end(enum gpu_says, int code, const char *where);

/* Ends so where code isn't 0. */
void gpu_fault(int code, const char *where);

/* Says why the device can't run the plan; returns -1. */
int gpu_refuse(const char *why);

/* One of our kernels on the stream, over n elements. */
void gpu_on_stream(void *function, uint64_t n, void **args);

/* The address of an execution's tensor or, from KE_TENSORS_MAX on, a
 * workspace; 0 where there is none. */
gpu_ptr gpu_address(const struct gpu_run *, uint32_t exec, uint32_t buffer);

/* All workspaces that were ever mapped, those of other runs too: nothing may
 * wait there. */
void gpu_poison_spaces(const struct gpu_run *);

/* The cubins of a program, or, without descriptors, its end. */
void gpu_take_load(const struct gpu_load *, const int *fds, size_t n);

/* Loads the variant of the run and prepares its functions.  -1 once what the
 * device hasn't got was said. */
int gpu_load_variant(const struct gpu_run *);
void gpu_unload(void);

/* A run, from poison to the reply. */
void gpu_run(const struct gpu_run *);

#endif
