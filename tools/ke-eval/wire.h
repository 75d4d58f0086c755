/* What the parent and a runner say to each other.  Fixed structs of plain
 * integers: commands through a pipe, replies, one a message, through a socket
 * whose other end is told by the kernel who sent each.  The parent believes
 * nothing of what comes back beyond "I am ready" and "I am done", and checks
 * even the size of that. */
#ifndef KE_WIRE_H
#define KE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "plan.h"

#define RUNNER_NAME "ke-eval-runner" /* argv[0] that makes ke-eval a runner */

/* The runner's descriptors; the variants' shared objects follow. */
enum {
	FD_COMMAND = 3, /* the runner's own */
	FD_REPLY = 4,   /* and "go" for a segment */
	FD_INPUTS = 5,  /* read-only, sealed */
	FD_OUTPUTS = 6, /* read-write */
	FD_VARIANTS = 7,
};

#define VARIANTS_MAX 64

struct runner_fds {
	int command, reply, inputs, outputs, variants[VARIANTS_MAX];
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
	/* EXITED: of wait4(2); READY: 0, or 1 and why; DONE: 0, or 1 where the
	 * candidate left another floating-point mode than it found */
	int32_t status;
	uint32_t layers; /* LOADED, READY: of the sandbox */
	char why[104];   /* READY with status 1: what dlopen(3) said */
};

/* n bytes that came: 0 where they are a reply. */
int wire_check(const void *, size_t n, struct wire_reply *);

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
#ifdef KE_DEFENCES_OFF
void *runner_thread(void *);
#endif

#endif
