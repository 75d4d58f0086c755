/* Device memory that processes share. */
#include <err.h>
#include <sys/random.h>
#include <unistd.h>

#include "defence.h"
#include "gpu_region.h"

#define PAGE ((uint64_t)2 << 20) /* asked of the driver, which may want more */
#define GAP 1024 /* pages of addresses between two regions, at most */

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
	uint64_t beside = defended(guard) ? 0 : page();

	if (mapped == 0)
		mapped = page();
	return (struct gpu_region){.bytes = bytes,
	    .mapped = mapped + 2 * beside,
	    .data = beside + (flip ? 0 : mapped - rounded), .output = output};
}

/* So many bytes of addresses before a region that a kernel which knows its own
 * buffers can't tell where those of other executions are: it would compute
 * theirs, or keep there what it is to forget. */
static uint64_t
gap(void)
{
	uint64_t r = 0;

	if (defended(place) &&
	    getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		err(1, "getrandom");
	return (1 + r % GAP) * page();
}

/* Between pages on either side that stay unmapped. */
static int
map(struct gpu_region *r, int flags, struct ke_err *e)
{
	struct gpu_access a = {{GPU_ON_DEVICE, 0}, flags};
	uint64_t before = gap();
	gpu_ptr at = 0;
	int code = gpu.reserve(&at, before + r->mapped + page(), page(), 0, 0);

	if (code == 0)
		code = gpu.map(at + before, r->mapped, 0, r->handle, 0);
	if (code == 0)
		code = gpu.access(at + before, r->mapped, &a, 1);
	if (code != 0)
		return ke_fail(e, "mapping %llu bytes of device memory: %s",
		    (unsigned long long)r->mapped, gpu_error(code));
	r->at = at + before;
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
	return map(r, r->output || !defended(seal) ? GPU_READ_WRITE : GPU_READ,
	    e);
}
