/* A GPU's driver, loaded by name. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "gpu_api.h"

#define PRINTF_BYTES ((size_t)64 << 10)
#define HEAP_BYTES ((size_t)64 << 10)

struct gpu_api gpu;

const char *
gpu_error(int code)
{
	static char number[32];
	const char *name = NULL;

	if (gpu.error_name != NULL && gpu.error_name(code, &name) == 0 &&
	    name != NULL)
		return name;
	snprintf(number, sizeof(number), "error %d", code);
	return number;
}

int
gpu_load(struct ke_err *e)
{
	static const struct {
		const char *name;
		void *to;
	} all[] = {
#define X(name, symbol, args) {#symbol, &gpu.name},
		GPU_API(X)
#undef X
	};
	void *so = dlopen("libcuda.so.1", RTLD_NOW);

	if (so == NULL)
		return ke_fail(e, "no driver: %s", dlerror());
	for (size_t i = 0; i < KE_LEN(all); i++) {
		void *f = dlsym(so, all[i].name);

		if (f == NULL)
			return ke_fail(e, "libcuda.so.1: no %s", all[i].name);
		memcpy(all[i].to, &f, sizeof(f));
	}
	return 0;
}

static int
attribute(int id, int device)
{
	int v = 0;

	return gpu.attribute(&v, id, device) == 0 ? v : 0;
}

static void
describe(int device, struct gpu_info *i)
{
	unsigned char id[16] = {0};
	size_t bytes = 0;
	char *to = i->uuid;

	*i = (struct gpu_info){.sms = attribute(GPU_SMS, device),
	    .l2 = attribute(GPU_L2, device),
	    .clock_khz = attribute(GPU_CLOCK, device),
	    .memory_khz = attribute(GPU_MEMORY_CLOCK, device),
	    .bus_bits = attribute(GPU_BUS, device),
	    .shared_max = attribute(GPU_SHARED_MAX, device),
	    .pageable = attribute(GPU_PAGEABLE, device),
	    .ecc = attribute(GPU_ECC, device),
	    .major = attribute(GPU_MAJOR, device),
	    .minor = attribute(GPU_MINOR, device)};
	(void)gpu.version(&i->driver);
	(void)gpu.total(&bytes, device);
	i->bytes = bytes;
	(void)gpu.device_name(i->name, sizeof(i->name) - 1, device);
	(void)gpu.uuid(id, device);
	for (int k = 0; k < 16; k++)
		to += sprintf(to, "%s%02x", k == 4 || k == 6 || k == 8 ||
		    k == 10 ? "-" : "", id[k]);
	/* from 9.0 on, what an architecture alone has needs the a */
	snprintf(i->arch, sizeof(i->arch), "sm_%d%d%s", i->major, i->minor,
	    i->major >= 9 ? "a" : "");
	/* two transfers a clock */
	i->peak_bps = 2e3 * i->memory_khz * i->bus_bits / 8;
}

int
gpu_open(int device, struct gpu_info *i, struct ke_err *e)
{
	void *context;
	int handle, code, n = 0;

	code = gpu.init(0);
	if (code == 0)
		code = gpu.count(&n);
	if (code == 0 && device >= n)
		return ke_fail(e, "no device %d: the driver has %d", device, n);
	if (code == 0)
		code = gpu.device(&handle, device);
	if (code == 0)
		code = gpu.retain(&context, handle);
	if (code == 0)
		code = gpu.current(context);
	if (code != 0)
		return ke_fail(e, "%s", gpu_error(code));
	if (i != NULL)
		describe(handle, i);
	(void)gpu.limit(GPU_LIMIT_PRINTF, PRINTF_BYTES);
	(void)gpu.limit(GPU_LIMIT_HEAP, HEAP_BYTES);
	(void)gpu.limit(GPU_LIMIT_PERSISTING, 0);
	return 0;
}

int
gpu_call(void *function, const struct gpu_call *c, void **args)
{
	struct gpu_config config = {.grid = {c->blocks, 1, 1},
	    .block = {c->threads, 1, 1}, .shared = c->shared,
	    .stream = c->stream};

	return gpu.launch(&config, function, args, NULL);
}
