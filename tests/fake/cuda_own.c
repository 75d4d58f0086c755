/* What only libcuda.so.1 has, or has in its own way. */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "block.h"
#include "call.h"

const unsigned block_warp = 32;
const struct face face = {"cuInit", 13000, EM_CUDA,
    "\xfa\xfa\xfa\xfa\xfa\xfa\xfa\xfa\xfa\xfa\xfa\xfa\xfa\xfa\xfa", false};

/* The context is broken, the process goes on. */
void
queue_fault(int code)
{
	(void)code;
}

int
cuDeviceGetAttribute(int *to, int id, int device)
{
	static const struct {
		int id, value;
	} all[] = {{GPU_SMS, 1}, {GPU_L2, 64 << 10}, {GPU_CLOCK, 1000000},
	    {GPU_MEMORY_CLOCK, 1000000}, {GPU_BUS, 512}, {GPU_MAJOR, 7},
	    {GPU_MINOR, 5}, {GPU_SHARED_MAX, 48 << 10}, {GPU_PAGEABLE, 0},
	    {GPU_ECC, 1}, {GPU_RESERVED_SHARED, 0}};

	(void)device;
	BEGIN();
	for (size_t i = 0; i < KE_LEN(all); i++)
		if (all[i].id == id) {
			*to = all[i].value;
			return 0;
		}
	return 1;
}

int
cuDevicePrimaryCtxRetain(void **to, int device)
{
	static int context;

	(void)device;
	BEGIN();
	*to = &context;
	return 0;
}

int
cuCtxSetCurrent(void *context)
{
	(void)context;
	BEGIN();
	return 0;
}

int
cuCtxResetPersistingL2Cache(void)
{
	BEGIN();
	return 0;
}

int
cuFuncSetAttribute(void *function, int id, int value)
{
	struct kernel *k = function;

	BEGIN();
	if (id != GPU_F_DYNAMIC)
		return 801;
	k->dynamic = value;
	return 0;
}

int
cuLaunchKernelEx(const struct gpu_config *c, void *function, void **args,
    void **extra)
{
	uint64_t threads = (uint64_t)c->block[0] * c->block[1] * c->block[2];
	struct kernel *k = function;
	int code = call_begins(__func__, k->name);

	(void)extra;
	if (code != 0)
		return code;
	if (threads == 0 || threads > 1024 || c->grid[0] == 0 ||
	    c->grid[1] == 0 || c->grid[2] == 0 ||
	    c->shared > (unsigned)(k->dynamic > 48 << 10 ? k->dynamic
	    : 48 << 10))
		return 1;
	if (c->n_attrs > 0)
		return 801; /* clusters, cooperative launches */
	return queue_launch(k, c, args);
}

int
cuTensorMapEncodeTiled(void *to, int type, unsigned rank, void *at,
    const uint64_t *shape, const uint64_t *stride, const unsigned *box,
    const unsigned *step, int interleave, int swizzle, int promotion, int fill)
{
	(void)to, (void)type, (void)rank, (void)at, (void)shape, (void)stride;
	(void)box, (void)step, (void)interleave, (void)swizzle;
	(void)promotion, (void)fill;
	return 801;
}

int
cuGetErrorName(int code, const char **to)
{
	static const struct {
		int code;
		const char *name;
	} all[] = {{1, "INVALID_VALUE"}, {2, "OUT_OF_MEMORY"},
	    {46, "DEVICE_UNAVAILABLE"}, {100, "NO_DEVICE"},
	    {101, "INVALID_DEVICE"}, {200, "INVALID_IMAGE"},
	    {214, "ECC_UNCORRECTABLE"}, {500, "NOT_FOUND"},
	    {600, "NOT_READY"}, {700, "ILLEGAL_ADDRESS"},
	    {701, "LAUNCH_OUT_OF_RESOURCES"}, {702, "LAUNCH_TIMEOUT"},
	    {710, "ASSERT"}, {715, "ILLEGAL_INSTRUCTION"},
	    {716, "MISALIGNED_ADDRESS"}, {719, "LAUNCH_FAILED"},
	    {801, "NOT_SUPPORTED"}, {999, "UNKNOWN"}};
	static char name[64];

	*to = NULL;
	for (size_t i = 0; i < KE_LEN(all); i++)
		if (all[i].code == code) {
			snprintf(name, sizeof(name), "CUDA_ERROR_%s",
			    all[i].name);
			*to = name;
			return 0;
		}
	return 1;
}
