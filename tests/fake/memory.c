/* The driver's memory.  What is exported is a memory file, and addresses are
 * this process's own, so those that aren't mapped fault as on a device. */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"

#define PAGE ((size_t)2 << 20)
#define HANDLES 65536u
#define ALLOCATIONS 4096u

static struct {
	void *p;
	size_t n;
} allocations[ALLOCATIONS];

static void *
pages(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int
cuMemAlloc_v2(gpu_ptr *to, size_t n)
{
	size_t i = 0;

	BEGIN();
	while (i < ALLOCATIONS && allocations[i].p != NULL)
		i++;
	if (n == 0)
		return 1;
	if (i == ALLOCATIONS || (allocations[i].p = pages(n)) == NULL)
		return 2;
	allocations[i].n = n;
	*to = (gpu_ptr)(uintptr_t)allocations[i].p;
	return 0;
}

int
cuMemFree_v2(gpu_ptr p)
{
	BEGIN();
	(void)queue_wait();
	for (size_t i = 0; i < ALLOCATIONS; i++)
		if (allocations[i].p == (void *)(uintptr_t)p) {
			munmap(allocations[i].p, allocations[i].n);
			allocations[i].p = NULL;
			return 0;
		}
	return 1;
}

int
cuMemHostAlloc(void **to, size_t n, unsigned flags)
{
	(void)flags;
	BEGIN();
	*to = pages(n);
	return *to == NULL ? 2 : 0;
}

int
cuMemHostGetDevicePointer_v2(gpu_ptr *to, void *p, unsigned flags)
{
	(void)flags;
	BEGIN();
	*to = (gpu_ptr)(uintptr_t)p;
	return 0;
}

/* Behind all that was queued. */
static int
copy(void *to, const void *from, size_t n)
{
	int code = queue_wait();

	if (code == 0)
		memcpy(to, from, n);
	return code;
}

int
cuMemcpyHtoD_v2(gpu_ptr to, const void *from, size_t n)
{
	BEGIN();
	return copy((void *)(uintptr_t)to, from, n);
}

int
cuMemcpyDtoH_v2(void *to, gpu_ptr from, size_t n)
{
	BEGIN();
	return copy(to, (const void *)(uintptr_t)from, n);
}

int
cuMemcpyDtoD_v2(gpu_ptr to, gpu_ptr from, size_t n)
{
	BEGIN();
	return copy((void *)(uintptr_t)to, (const void *)(uintptr_t)from, n);
}

int
cuMemsetD8_v2(gpu_ptr to, unsigned char c, size_t n)
{
	int code;

	BEGIN();
	code = queue_wait();
	if (code == 0)
		memset((void *)(uintptr_t)to, c, n);
	return code;
}

/* Physical memory: a file once it is exported, else this process's own. */
static struct {
	size_t bytes;
	int fd;
} handles[HANDLES];
static unsigned n_handles;

static int
new_handle(unsigned long long *to, size_t bytes, int fd)
{
	if (n_handles + 1 == HANDLES)
		return 2;
	*to = ++n_handles;
	handles[*to].bytes = bytes;
	handles[*to].fd = fd;
	return 0;
}

int
cuMemGetAllocationGranularity(size_t *to, const struct gpu_prop *p, int what)
{
	(void)p;
	(void)what;
	BEGIN();
	*to = PAGE;
	return 0;
}

int
cuMemAddressReserve(gpu_ptr *to, size_t n, size_t align, gpu_ptr at,
    unsigned long long flags)
{
	char *p;

	(void)at;
	(void)flags;
	BEGIN();
	align = align < PAGE ? PAGE : align;
	p = mmap(NULL, n + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return 2;
	*to = ((gpu_ptr)(uintptr_t)p + align - 1) / align * align;
	return 0;
}

int
cuMemCreate(unsigned long long *to, size_t n, const struct gpu_prop *p,
    unsigned long long flags)
{
	(void)flags;
	BEGIN();
	return n == 0 || n % PAGE != 0 || p->type != GPU_PINNED ||
	    p->location.type != GPU_ON_DEVICE || (p->handle_types != 0 &&
	    p->handle_types != GPU_FD) ? 1 : new_handle(to, n, -1);
}

int
cuMemRelease(unsigned long long handle)
{
	(void)handle;
	BEGIN();
	return 0;
}

int
cuMemExportToShareableHandle(void *to, unsigned long long handle, int type,
    unsigned long long flags)
{
	int fd;

	(void)type;
	(void)flags;
	BEGIN();
	fd = handles[handle].fd;
	if (fd == -1)
		fd = memfd_create("fake-memory", MFD_CLOEXEC);
	if (fd == -1 || ftruncate(fd, (off_t)handles[handle].bytes) == -1)
		return 2;
	handles[handle].fd = fd;
	fd = dup(fd);
	memcpy(to, &fd, sizeof(fd));
	return fd == -1 ? 2 : 0;
}

int
cuMemImportFromShareableHandle(unsigned long long *to, void *from, int type)
{
	struct stat st;
	int fd;

	(void)type;
	BEGIN();
	fd = dup(face.fd_by_address ? *(int *)from : (int)(intptr_t)from);
	if (fd == -1 || fstat(fd, &st) == -1)
		return 1;
	return new_handle(to, (size_t)st.st_size, fd);
}

int
cuMemMap(gpu_ptr at, size_t n, size_t offset, unsigned long long handle,
    unsigned long long flags)
{
	int fd = handles[handle].fd;

	(void)flags;
	BEGIN();
	if (n + offset > handles[handle].bytes)
		return 1;
	return mmap((void *)(uintptr_t)at, n, PROT_NONE, MAP_FIXED |
	    (fd == -1 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED), fd,
	    (off_t)offset) == MAP_FAILED ? 2 : 0;
}

int
cuMemSetAccess(gpu_ptr at, size_t n, const struct gpu_access *a, size_t count)
{
	int prot = PROT_READ | (a->flags == GPU_READ_WRITE ? PROT_WRITE : 0);

	(void)count;
	BEGIN();
	return mprotect((void *)(uintptr_t)at, n, prot) == -1 ? 2 : 0;
}
