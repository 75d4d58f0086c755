/* A driver without a GPU, by CUDA's names: the calls of gpu_api.h, checked
 * against its prototypes.  memory.c has those of memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "faults.h"

int
call_begins(const char *call, const char *argument)
{
	int code = fault(call, argument);

	if (code == FAULT_HANG)
		for (;;)
			pause();
	if (code == 0 && fault_lost(strcmp(call, face.init) == 0))
		code = strcmp(call, face.init) == 0 ? 100 : FAULT_LOST;
	return code != 0 ? code : queue_code();
}

int
cuInit(unsigned flags)
{
	(void)flags;
	BEGIN();
	return 0;
}

int
cuDriverGetVersion(int *to)
{
	BEGIN();
	*to = face.version;
	return 0;
}

int
cuDeviceGetCount(int *to)
{
	BEGIN();
	*to = 1;
	return 0;
}

int
cuDeviceGet(int *to, int i)
{
	BEGIN();
	*to = i;
	return i == 0 ? 0 : 101;
}

int
cuDeviceGetName(char *to, int n, int device)
{
	(void)device;
	BEGIN();
	snprintf(to, (size_t)n, "fake device");
	return 0;
}

int
cuDeviceGetUuid_v2(unsigned char *to, int device)
{
	BEGIN();
	memcpy(to, face.uuid, 16);
	to[15] ^= (unsigned char)device;
	return 0;
}

int
cuDeviceTotalMem_v2(size_t *to, int device)
{
	(void)device;
	BEGIN();
	*to = (size_t)1 << 30;
	return 0;
}

int
cuCtxSetLimit(int what, size_t n)
{
	(void)what;
	(void)n;
	BEGIN();
	return 0;
}

int
cuCtxSynchronize(void)
{
	BEGIN();
	return queue_wait();
}

int
cuStreamCreate(void **to, unsigned flags)
{
	static int stream;

	(void)flags;
	BEGIN();
	*to = &stream;
	return 0;
}

int
cuEventCreate(void **to, unsigned flags)
{
	(void)flags;
	BEGIN();
	*to = calloc(1, sizeof(struct event));
	return *to == NULL ? 2 : 0;
}

int
cuEventRecord(void *event, void *stream)
{
	(void)stream;
	BEGIN();
	return queue_record(event);
}

int
cuEventQuery(void *event)
{
	BEGIN();
	return queue_is_done(event) ? queue_code() : GPU_NOT_READY;
}

int
cuEventElapsedTime(float *to, void *from, void *until)
{
	const struct event *a = from, *b = until;

	BEGIN();
	*to = (float)((b->at - a->at) * 1e3);
	return 0;
}

int
cuModuleLoadData(void **to, const void *image)
{
	BEGIN();
	*to = module_load(image, face.machine);
	return *to == NULL ? 200 : 0;
}

int
cuModuleUnload(void *module)
{
	BEGIN();
	(void)queue_wait();
	module_unload(module);
	return 0;
}

int
cuModuleGetFunction(void **to, void *module, const char *name)
{
	int code = call_begins(__func__, name);

	if (code != 0)
		return code;
	*to = module_kernel(module, name);
	return *to == NULL ? 500 : 0;
}

int
cuFuncGetAttribute(int *to, int id, void *function)
{
	const struct kernel *k = function;

	BEGIN();
	*to = id == GPU_F_THREADS ? 1024 : id == GPU_F_REGISTERS ? 32
	    : id == GPU_F_SHARED ? k->shared : 0;
	return 0;
}
