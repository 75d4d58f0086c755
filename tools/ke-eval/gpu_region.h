/* Device memory that processes share: each tensor of a slot lies between
 * addresses that are not mapped. */
#ifndef KE_EVAL_GPU_REGION_H
#define KE_EVAL_GPU_REGION_H

#include <stdbool.h>

#include "gpu_api.h"

#define GPU_ALIGN 256 /* of a tensor's first byte */

struct gpu_region {
	uint64_t bytes;  /* of the tensor */
	uint64_t mapped; /* whole pages of the device */
	uint64_t data;   /* where the tensor begins in them */
	bool output;
	gpu_ptr at;      /* of the pages, in this process; 0: none */
	unsigned long long handle;
};

/* Where a tensor of so many bytes is placed: at the end of its pages, or at
 * their beginning where flip. */
struct gpu_region gpu_region(uint64_t bytes, bool output, bool flip);

/* Makes the pages and maps them; *fd (may be NULL) is a handle for another
 * process. */
int gpu_region_make(struct gpu_region *, int *fd, struct ke_err *);

/* Maps what another process made; inputs can't be written.  The descriptor is
 * closed. */
int gpu_region_take(struct gpu_region *, int fd, struct ke_err *);

static inline gpu_ptr
gpu_region_data(const struct gpu_region *r)
{
	return r->at + r->data;
}

#endif
