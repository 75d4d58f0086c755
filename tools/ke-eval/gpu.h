/* A GPU as ke-eval sees it: a keeper, which holds inputs, expected values and
 * the acceptance rule in a context of its own, and runners, which hold the
 * same inputs and outputs, mapped between guard pages, and a candidate's
 * modules.  ke-eval itself loads no driver.
 *
 * keeper: forked by ke-eval per epoch, after the inputs were drawn.  Where it
 *   fails the epoch is down.
 * runner: for the baseline and the candidates alike; started anew (exec)
 *   after anything but success, since a context that has faulted is lost.  Two
 *   runners differed by 0.1 us a launch, one or the other the slower (5 % of
 *   a kernel that takes 2 us), and the device takes 0.3 ms to change from
 *   context to context; in one, equals are equal. */
#ifndef KE_EVAL_GPU_H
#define KE_EVAL_GPU_H

#include "accept.h"
#include "gpu_region.h"
#include "target.h"
#include "verifier.h"

#define GPU_RUNNER_NAME "ke-eval-gpu" /* argv[0] that makes ke-eval one */
#define GPU_BATCH 128                 /* descriptors in one message */
#define GPU_EXECS_MAX 256

/* From the keeper, once. */
struct gpu_hello {
	struct verdict verdict;
	struct gpu_info info;
	uint32_t n_regions;
};

/* From the keeper to ke-eval and from there to runners, with as many
 * descriptors.  None ends them; of kind 0 there will be no more, and where they
 * would be is the reason. */
struct gpu_regions {
	uint32_t kind; /* GPU_ATTACH */
	uint32_t from, n;
	struct gpu_region region[GPU_BATCH];
};

enum gpu_question {
	GPU_POISON, GPU_VERIFY, GPU_NEEDS, GPU_STATE, GPU_ENERGY
};

struct gpu_ask {
	enum gpu_question question;
	uint32_t layout, slot, n_execs, n_slots;
	uint32_t candidate; /* its number; BASE_NUMBER */
	uint64_t key;       /* of the poison */
	uint32_t truth;     /* GPU_NEEDS: the slot whose reference counts */
};

/* From the keeper: to GPU_POISON and GPU_VERIFY a struct answer, to GPU_STATE
 * a struct gpu_state, to GPU_ENERGY a double, as a vendor's joules(), and to
 * GPU_NEEDS what the outputs of one slot need of the rule's constants. */
struct gpu_needs {
	struct verdict verdict;
	struct accept_needs of[KE_TENSORS_MAX]; /* outputs of real numbers */
};

/* To a runner. */
enum gpu_kind { GPU_ATTACH = 1, GPU_LOAD, GPU_RUN };

/* With a descriptor per variant; none: what has this number is dropped. */
struct gpu_load {
	uint32_t kind, number, n_variants, n_kernels;
	char kernel[KE_LAUNCHES_MAX][64]; /* by launch */
};

struct gpu_launch {
	uint32_t grid[3], block[3], cluster[3], shared, cooperative, n_args;
	uint32_t at;      /* of the variant's bytes: where its cubin begins */
	uint32_t n_nulls; /* pointers that are null, behind the arguments */
	struct {
		enum ke_arg_kind kind;
		uint32_t index, wide;
		int64_t value; /* or bytes of offset */
	} args[KE_ARGS_MAX];
};

struct gpu_view { /* a tensor map */
	uint32_t buffer, type, rank, swizzle, promotion;
	uint64_t shape[KE_MAP_RANK_MAX], stride[KE_MAP_RANK_MAX]; /* innermost
						     * first; bytes */
	uint32_t box[KE_MAP_RANK_MAX];
};

struct gpu_run {
	uint32_t kind, load, variant, timed;
	uint32_t n_execs, n_tensors, n_workspaces, n_launches, n_views;
	double deadline_s;
	uint64_t key; /* of the workspaces' poison */
	uint64_t workspace[KE_WORKSPACES_MAX]; /* bytes */
	struct gpu_launch launches[KE_LAUNCHES_MAX];
	struct gpu_view views[KE_MAPS_MAX];
	uint32_t regions[]; /* n_execs times n_tensors */
};

/* From a runner. */
enum gpu_says {
	GPU_OPENED = 1, /* or why not */
	GPU_READY,      /* to run what is the candidate's: waits for a byte */
	GPU_DONE,
	GPU_REFUSED,    /* the plan asks for what the device hasn't got */
	GPU_FAULTED,    /* code and name; it then ends */
	GPU_STUCK,      /* no end within the deadline; it then ends */
};

struct gpu_reply {
	uint32_t says;
	int32_t code;
	double seconds;     /* between the events */
	double mhz[2];      /* of an SM, before and after */
	int32_t registers, local, shared, threads; /* the most of its kernels */
	char why[160];
};

/* The region of a tensor. */
uint32_t gpu_region_index(const struct epoch *, size_t layout, size_t slot,
    size_t t);
uint32_t gpu_region_count(const struct epoch *);

/* The keeper's life, in its process. */
void gpu_keeper(struct epoch *, const char *kernels, const char *reference,
    const char *reference_so, int fd);

/* A runner's main(): the vendor's name, and the driver's library. */
int gpu_runner_main(char **argv);

/* What the device is, asked by a process of its own, once.  NULL with the
 * reason. */
const struct gpu_info *gpu_probe(const struct gpu_vendor *, struct ke_err *);

/* The harness's own kernels as a cubin: its path, which the caller frees. */
char *gpu_kernels(const struct target *, struct verdict *, struct ke_err *);

/* One message with descriptors: n of them.  0; -1 where nobody takes it. */
int gpu_send(int fd, const void *, size_t bytes, const int *fds, size_t n);

#define GPU_FOREVER (-1.0)

/* Waits so many seconds for one: its bytes; 0 where there will be no more, or
 * it is larger than the room; -1 too late. */
ssize_t gpu_recv(int fd, double seconds, void *, size_t room, int *fds,
    size_t *n);

#endif
