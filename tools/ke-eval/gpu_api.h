/* The functions of a GPU's driver that the harness calls, as a table: found by
 * dlopen in processes of their own, never in ke-eval itself.  The types and
 * numbers are those of CUDA's Driver API (cuda.h, 13.0), declared here so that
 * no vendor's SDK is needed to build; gpu_hip.c says the same to AMD's. */
#ifndef KE_EVAL_GPU_API_H
#define KE_EVAL_GPU_API_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "gpu_state.h"
#include "mem.h"

typedef unsigned long long gpu_ptr;

struct gpu_attribute {
	int id;
	char pad[4];
	union {
		char pad[64];
		int cooperative;
		struct {
			unsigned x, y, z;
		} cluster;
	} value;
};

struct gpu_config {
	unsigned grid[3], block[3], shared;
	void *stream;
	struct gpu_attribute *attrs;
	unsigned n_attrs;
};

struct gpu_location {
	int type, id;
};

struct gpu_prop { /* of physical memory */
	int type, handle_types;
	struct gpu_location location;
	void *win32;
	struct {
		unsigned char compression, rdma;
		unsigned short usage;
		unsigned char reserved[4];
	} flags;
};

struct gpu_access {
	struct gpu_location location;
	int flags;
};

/* name here, CUDA's symbol, arguments */
#define GPU_API(X) \
	X(init, cuInit, (unsigned)) \
	X(version, cuDriverGetVersion, (int *)) \
	X(count, cuDeviceGetCount, (int *)) \
	X(device, cuDeviceGet, (int *, int)) \
	X(device_name, cuDeviceGetName, (char *, int, int)) \
	X(uuid, cuDeviceGetUuid_v2, (unsigned char *, int)) \
	X(attribute, cuDeviceGetAttribute, (int *, int, int)) \
	X(total, cuDeviceTotalMem_v2, (size_t *, int)) \
	X(retain, cuDevicePrimaryCtxRetain, (void **, int)) \
	X(current, cuCtxSetCurrent, (void *)) \
	X(limit, cuCtxSetLimit, (int, size_t)) \
	X(reset_l2, cuCtxResetPersistingL2Cache, (void)) \
	X(sync, cuCtxSynchronize, (void)) \
	X(stream, cuStreamCreate, (void **, unsigned)) \
	X(event, cuEventCreate, (void **, unsigned)) \
	X(record, cuEventRecord, (void *, void *)) \
	X(query, cuEventQuery, (void *)) \
	X(elapsed, cuEventElapsedTime, (float *, void *, void *)) \
	X(alloc, cuMemAlloc_v2, (gpu_ptr *, size_t)) \
	X(free, cuMemFree_v2, (gpu_ptr)) \
	X(host_alloc, cuMemHostAlloc, (void **, size_t, unsigned)) \
	X(host_ptr, cuMemHostGetDevicePointer_v2, (gpu_ptr *, void *, \
	    unsigned)) \
	X(to, cuMemcpyHtoD_v2, (gpu_ptr, const void *, size_t)) \
	X(from, cuMemcpyDtoH_v2, (void *, gpu_ptr, size_t)) \
	X(copy, cuMemcpyDtoD_v2, (gpu_ptr, gpu_ptr, size_t)) \
	X(set8, cuMemsetD8_v2, (gpu_ptr, unsigned char, size_t)) \
	X(load, cuModuleLoadData, (void **, const void *)) \
	X(unload, cuModuleUnload, (void *)) \
	X(function, cuModuleGetFunction, (void **, void *, const char *)) \
	X(get, cuFuncGetAttribute, (int *, int, void *)) \
	X(set, cuFuncSetAttribute, (void *, int, int)) \
	X(launch, cuLaunchKernelEx, (const struct gpu_config *, void *, \
	    void **, void **)) \
	X(reserve, cuMemAddressReserve, (gpu_ptr *, size_t, size_t, gpu_ptr, \
	    unsigned long long)) \
	X(create, cuMemCreate, (unsigned long long *, size_t, \
	    const struct gpu_prop *, unsigned long long)) \
	X(release, cuMemRelease, (unsigned long long)) \
	X(map, cuMemMap, (gpu_ptr, size_t, size_t, unsigned long long, \
	    unsigned long long)) \
	X(access, cuMemSetAccess, (gpu_ptr, size_t, \
	    const struct gpu_access *, size_t)) \
	X(export, cuMemExportToShareableHandle, (void *, unsigned long long, \
	    int, unsigned long long)) \
	X(import, cuMemImportFromShareableHandle, (unsigned long long *, \
	    void *, int)) \
	X(granularity, cuMemGetAllocationGranularity, (size_t *, \
	    const struct gpu_prop *, int)) \
	X(tensor_map, cuTensorMapEncodeTiled, (void *, int, unsigned, void *, \
	    const uint64_t *, const uint64_t *, const unsigned *, \
	    const unsigned *, int, int, int, int)) \
	X(error_name, cuGetErrorName, (int, const char **))

struct gpu_api {
#define X(name, symbol, args) int (*name) args;
	GPU_API(X)
#undef X
};

/* The driver of this process. */
extern struct gpu_api gpu;

enum { /* of CUDA's enumerations, what is used */
	GPU_NOT_FOUND = 500, GPU_NOT_READY = 600,
	GPU_SMS = 16, GPU_L2 = 38, GPU_CLOCK = 13, GPU_MEMORY_CLOCK = 36,
	GPU_BUS = 37, GPU_MAJOR = 75, GPU_MINOR = 76, GPU_SHARED_MAX = 97,
	GPU_PAGEABLE = 88, GPU_ECC = 32, GPU_RESERVED_SHARED = 111,
	GPU_F_THREADS = 0, GPU_F_SHARED = 1, GPU_F_LOCAL = 3,
	GPU_F_REGISTERS = 4, GPU_F_DYNAMIC = 8, GPU_F_CLUSTERS = 14,
	GPU_LIMIT_STACK = 0, GPU_LIMIT_PRINTF = 1, GPU_LIMIT_HEAP = 2,
	GPU_LIMIT_PERSISTING = 6,
	GPU_PINNED = 1, GPU_ON_DEVICE = 1, GPU_FD = 1, GPU_READ = 1,
	GPU_READ_WRITE = 3, GPU_HOST_MAPPED = 2, GPU_NON_BLOCKING = 1,
	GPU_A_COOPERATIVE = 2, GPU_A_CLUSTER = 4,
};

/* What is known of a device. */
struct gpu_info {
	char name[96], uuid[40], arch[32]; /* arch: sm_90a */
	char driver[32]; /* its version: 13.0 */
	int sms, l2, clock_khz, memory_khz, bus_bits, shared_max, pageable,
	    ecc, major, minor;
	uint64_t bytes;
	double peak_bps; /* of its memory, by clock and bus */
};

/* What differs between the makers of GPUs. */
struct gpu_vendor {
	const char *name; /* cuda, hip */
	enum gpu_maker maker;
	/* The driver's library, a name or a path; false where there is none,
	 * which why says. */
	bool (*library)(char to[PATH_MAX]);
	const char *why;
	/* Fills in gpu by what the library has.  0, or -1 with the reason. */
	int (*load)(void *library, struct ke_err *);
	/* The architecture, the driver's version, and what of the device isn't
	 * as its attributes say. */
	void (*describe)(int device, int version, struct gpu_info *);
	/* What gpu_kernels.cu and ref.c need before them. */
	const char *words;
	/* Loads what tells of the state of the device of that UUID, as
	 * gpu_info has it; reads that. */
	void (*open_state)(const char *uuid);
	void (*read_state)(struct gpu_state *);
	/* The energy in J that it has used since its driver was loaded; NaN
	 * where it isn't told. */
	double (*joules)(void);
};

extern const struct gpu_vendor gpu_nvidia, gpu_amd;

/* By name; NULL where there is none. */
const struct gpu_vendor *gpu_vendor_find(const char *name);

/* Loads the driver into this process.  0, or -1 with the reason. */
int gpu_load(const struct gpu_vendor *, const char *library, struct ke_err *);

/* Makes the device's context current, with limits that leave a candidate
 * little of what isn't memory, and says what it is (may be NULL). */
int gpu_open(const struct gpu_vendor *, int device, struct gpu_info *,
    struct ke_err *);

/* The error's name, "CUDA_ERROR_ILLEGAL_ADDRESS". */
const char *gpu_error(int code);

/* Does the code say that a plan asks for what can't be: an argument, an image,
 * a kernel, resources, a launch that is refused? */
bool gpu_is_plans(int code);

/* Or that the device or its driver failed, of which nothing that ran on it is
 * to blame: no memory, no device, ECC, NVLink? */
bool gpu_is_ours(int code);

/* A function of a module, and its launch on the stream with n blocks of
 * threads. */
struct gpu_call {
	unsigned blocks, threads, shared;
	void *stream;
};
int gpu_call(void *function, const struct gpu_call *, void **args);

#define GPU_THREADS 256u /* in a block of the harness's kernels */

/* The same over n elements, in at most so many blocks. */
int gpu_call_over(void *function, uint64_t n, unsigned most, void *stream,
    void **args);

/* Does the device compute?  answer is the harness's ke_answer, room has 4 KB.
 * 0; the driver's code; -1 where it computes wrongly. */
int gpu_answers(void *answer, gpu_ptr room, void *stream);

#endif
