/* Device memory that processes share. */
#include <unistd.h>

#include "gpu_region.h"

#define PAGE ((uint64_t)2 << 20) /* asked of the driver, which may want more */

static struct gpu_prop
prop(void)
{
	return (struct gpu_prop){.type = GPU_PINNED, .handle_types = GPU_FD,
	    .location = {GPU_ON_DEVICE, 0}};
}

/* Every process finds the same. */
static uint64_t
page(void)
{
	static size_t n;
	struct gpu_prop p = prop();

	if (n == 0 && (gpu.granularity == NULL ||
	    gpu.granularity(&n, &p, 0) != 0 || n < PAGE))
		n = PAGE;
	return n;
}

struct gpu_region
gpu_region(uint64_t bytes, bool output, bool flip)
{
	uint64_t rounded = (bytes + GPU_ALIGN - 1) / GPU_ALIGN * GPU_ALIGN;
	uint64_t mapped = (rounded + page() - 1) / page() * page();

	if (mapped == 0)
		mapped = page();
	return (struct gpu_region){.bytes = bytes, .mapped = mapped,
	    .data = flip ? 0 : mapped - rounded, .output = output};
}

/* Between a page on either side that stays unmapped. */
static int
map(struct gpu_region *r, int flags, struct ke_err *e)
{
	struct gpu_access a = {{GPU_ON_DEVICE, 0}, flags};
	gpu_ptr at = 0;
	int code = gpu.reserve(&at, r->mapped + 2 * page(), page(), 0, 0);

	if (code == 0)
		code = gpu.map(at + page(), r->mapped, 0, r->handle, 0);
	if (code == 0)
		code = gpu.access(at + page(), r->mapped, &a, 1);
	if (code != 0)
		return ke_fail(e, "mapping %llu bytes of device memory: %s",
		    (unsigned long long)r->mapped, gpu_error(code));
	r->at = at + page();
	return 0;
}

int
gpu_region_make(struct gpu_region *r, int *fd, struct ke_err *e)
{
	struct gpu_prop p = prop();
	int code = gpu.create(&r->handle, r->mapped, &p, 0);

	if (code == 0 && fd != NULL)
		code = gpu.export(fd, r->handle, GPU_FD, 0);
	if (code != 0)
		return ke_fail(e, "%llu bytes of device memory: %s",
		    (unsigned long long)r->mapped, gpu_error(code));
	return map(r, GPU_READ_WRITE, e);
}

int
gpu_region_take(struct gpu_region *r, int fd, struct ke_err *e)
{
	int code = gpu.import(&r->handle, (void *)(intptr_t)fd, GPU_FD);

	close(fd);
	if (code != 0)
		return ke_fail(e, "sharing device memory: %s",
		    gpu_error(code));
	return map(r, r->output ? GPU_READ_WRITE : GPU_READ, e);
}
