/* The keeper from within: what its process holds.  gpu_keeper.c makes regions
 * and answers, gpu_expected.c computes what must come out, gpu_judge.c holds
 * outputs against it.
 *
 * Where these fail they return -1 with a verdict in keeper.v: KE_LOST where the
 * device or the driver failed, of which nothing is said of a candidate. */
#ifndef KE_EVAL_GPU_KEEPER_H
#define KE_EVAL_GPU_KEEPER_H

#include "expected.h"
#include "gpu.h"
#include "gpu_kernels.h"

#define COMPARE_BLOCKS 264u /* a part each */

/* What is expected of one tensor of one slot, on the device. */
struct kept {
	gpu_ptr real, scale, whole, length;
	uint64_t input; /* an input's hash */
	struct {
		uint64_t hash;
		uint32_t candidate;
	} seen[GROUP_MAX + 1];
};

struct kept_slot {
	bool computed;
	struct kept t[KE_TENSORS_MAX];
};

struct keeper {
	struct epoch *epoch;
	struct gpu_region *regions;
	uint32_t n_regions;
	struct kept_slot *slots[256]; /* by layout */
	void *kernels, *reference;
	gpu_ptr found, parts;
	uint64_t secret; /* of the hashes; nothing that it makes can be read */
	const char *reference_so;
	struct reference host; /* for the cross-check */
	bool has_host;
	struct verdict *v;
};

/* That of this process. */
extern struct keeper keeper;

/* Sets the verdict: what failed, and the driver's code.  Returns -1. */
int keeper_broken(const char *what, int code);

/* A launch of a module's kernel over n elements, which is not waited for. */
int keeper_call(void *module, const char *name, uint64_t n, void **args);

/* Waits for all that was launched; what names it. */
int keeper_wait(const char *what);

/* Memory of the device, of 8 bytes where bytes is 0. */
int keeper_allocate(gpu_ptr *, uint64_t bytes);

/* The region of a tensor. */
struct gpu_region *keeper_region(size_t layout, size_t slot, size_t t);

/* The extent of the tensor's last axis. */
int64_t keeper_last_axis(const struct layout *, size_t t);

/* Is it of integers? */
bool keeper_is_whole(size_t t);

/* Computes what must come out of a slot, once. */
int keeper_expect(size_t layout, size_t slot);

/* Does ref.c say the same on the CPU?  -1 with KE_INVALID where it doesn't. */
int keeper_cross_check(size_t layout, size_t slot);

/* What the inputs are, before anybody could write to them.  -1 with the
 * reason. */
int keeper_hash_inputs(struct ke_err *);

/* Judges the executions that were asked about: -1 with the verdict on the first
 * that isn't accepted. */
int keeper_verify(const struct gpu_ask *, struct answer *);

/* What the outputs of a slot need of the rule's constants. */
int keeper_needs(const struct gpu_ask *, struct gpu_needs *);

#endif
