/* What the parent and a runner say to each other.  Fixed structs of plain
 * integers over two pipes; the parent believes nothing of what comes back
 * beyond "I am ready" and "I am done", and checks even the size of that. */
#ifndef KE_WIRE_H
#define KE_WIRE_H

#include <stdint.h>

#include "plan.h"

#define RUNNER_NAME "ke-eval-runner" /* argv[0] that makes ke-eval a runner */

/* The runner's descriptors; the variants' shared objects follow. */
enum {
	FD_COMMAND = 3,
	FD_REPLY = 4,
	FD_INPUTS = 5,  /* read-only, sealed */
	FD_OUTPUTS = 6, /* read-write */
	FD_VARIANTS = 7,
};

#define WIRE_BUFFERS_MAX (KE_TENSORS_MAX + KE_WORKSPACES_MAX)

/* A piece of one of the two files that is mapped between two guard pages.
 * Offsets and sizes are those of whole pages; data is where the tensor
 * begins within them. */
struct wire_region {
	uint64_t offset, bytes, data;
	uint32_t output; /* 0: of FD_INPUTS, read-only; 1: of FD_OUTPUTS */
	uint32_t pad;
};

struct wire_launch {
	uint32_t parallel; /* called once per block */
	uint32_t grid[3];
	uint64_t shared;
};

/* A command: this header, then regions, then executions (each one region
 * index per tensor and workspace, WIRE_NONE where there is none). */
struct wire_segment {
	uint32_t magic;
	uint32_t variant, workers;
	uint32_t n_regions, n_execs, n_buffers, n_launches;
	uint32_t junk; /* refill the scratch before each block */
	int64_t dims[KE_DIMS_MAX + KE_DERIVED_MAX + KE_TUNE_MAX];
	int64_t offsets[KE_LAUNCHES_MAX][KE_ARGS_MAX];
	struct wire_launch launches[KE_LAUNCHES_MAX];
};

#define WIRE_NONE UINT32_MAX
#define WIRE_MAGIC 0x6b657631u /* "kev1" */

enum wire_kind { WIRE_LOADED = 1, WIRE_READY, WIRE_DONE, WIRE_EXITED };

struct wire_reply {
	uint32_t magic, kind;
	/* EXITED: of wait4(2); LOADED: 0, or 1 and why; READY: the pid of the
	 * segment's process, which the parent kills once it is DONE */
	int32_t status;
	uint32_t pad;
	uint64_t cpu_us; /* EXITED: user and system time of the segment */
	char why[104];   /* LOADED with status 1: what dlopen(3) said */
};

/* As in the prelude of every candidate, ke-plan(5). */
struct ke_block {
	int32_t x, y, z, nx, ny, nz;
	void *shared;
	size_t shared_bytes;
};

/* What a variant exports: one function per launch, a call of the kernel with
 * everything unpacked.  b is NULL for a launch without grid. */
typedef void wire_call(const struct ke_block *b, void *const *buffers,
    const int64_t *offsets, const int64_t *dims);
#define WIRE_CALLS "ke_calls"

/* The runner's main(). */
int runner_main(int argc, char **argv);

#endif
