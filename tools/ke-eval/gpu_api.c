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

static bool
is_one_of(int code, const int *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i] == code)
			return true;
	return false;
}

/* cuda.h, CUresult; HIP has the same numbers for the same, and 9 and 98 beside
 * (a configuration, a function that isn't the device's). */
bool
gpu_is_plans(int code)
{
	static const int all[] = {1, 9, 98, 200, 209, 218, 222, GPU_NOT_FOUND,
	    701, 720, 801};

	return is_one_of(code, all, KE_LEN(all));
}

bool
gpu_is_ours(int code)
{
	static const int all[] = {2, 3, 4, 46, 100, 101, 201, 214, 220, 304,
	    802};

	return is_one_of(code, all, KE_LEN(all));
}

const struct gpu_vendor *
gpu_vendor_find(const char *name)
{
	static const struct gpu_vendor *const all[] = {&gpu_nvidia, &gpu_amd};

	for (size_t i = 0; i < KE_LEN(all); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

int
gpu_load(const struct gpu_vendor *v, const char *library, struct ke_err *e)
{
	void *so = dlopen(library, RTLD_NOW);

	return so == NULL ? ke_fail(e, "no driver: %s", dlerror())
	    : v->load(so, e);
}

/* 0 where this driver doesn't know it. */
static int
attribute(int *to, int id, int device)
{
	int code = gpu.attribute(to, id, device);

	if (!gpu_is_plans(code))
		return code;
	*to = 0;
	return 0;
}

/* What the device says; the first code that isn't 0. */
static int
ask(int device, struct gpu_info *i, unsigned char *id, int *version)
{
	const struct {
		int *to, id;
	} all[] = {{&i->sms, GPU_SMS}, {&i->l2, GPU_L2},
	    {&i->clock_khz, GPU_CLOCK}, {&i->memory_khz, GPU_MEMORY_CLOCK},
	    {&i->bus_bits, GPU_BUS}, {&i->shared_max, GPU_SHARED_MAX},
	    {&i->pageable, GPU_PAGEABLE}, {&i->ecc, GPU_ECC},
	    {&i->major, GPU_MAJOR}, {&i->minor, GPU_MINOR}};
	size_t bytes = 0;
	int code = gpu.version(version);

	for (size_t k = 0; code == 0 && k < KE_LEN(all); k++)
		code = attribute(all[k].to, all[k].id, device);
	if (code == 0)
		code = gpu.total(&bytes, device);
	i->bytes = bytes;
	if (code == 0)
		code = gpu.device_name(i->name, sizeof(i->name) - 1, device);
	return code == 0 ? gpu.uuid(id, device) : code;
}

static int
describe(const struct gpu_vendor *v, int device, struct gpu_info *i)
{
	unsigned char id[16] = {0};
	char *to = i->uuid;
	int code, version = 0;

	*i = (struct gpu_info){.sms = 0};
	code = ask(device, i, id, &version);
	if (code != 0) {
		*i = (struct gpu_info){.sms = 0};
		return code;
	}
	for (int k = 0; k < 16; k++)
		to += sprintf(to, "%s%02x", k == 4 || k == 6 || k == 8 ||
		    k == 10 ? "-" : "", id[k]);
	/* two transfers a clock */
	i->peak_bps = 2e3 * i->memory_khz * i->bus_bits / 8;
	v->describe(device, version, i);
	return 0;
}

int
gpu_open(const struct gpu_vendor *v, int device, struct gpu_info *i,
    struct ke_err *e)
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
	if (code == 0 && i != NULL)
		code = describe(v, handle, i);
	if (code != 0)
		return ke_fail(e, "%s", gpu_error(code));
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

int
gpu_call_over(void *function, uint64_t n, unsigned most, void *stream,
    void **args)
{
	uint64_t blocks = (n + GPU_THREADS - 1) / GPU_THREADS;
	struct gpu_call c = {.blocks = blocks < 1 ? 1 : blocks > most ? most
	    : (unsigned)blocks, .threads = GPU_THREADS, .stream = stream};

	return gpu_call(function, &c, args);
}

int
gpu_answers(void *answer, gpu_ptr room, void *stream)
{
	uint32_t x[1024];
	int64_t n = KE_LEN(x);
	void *args[] = {&room, &n};
	int code;

	for (uint32_t i = 0; i < KE_LEN(x); i++)
		x[i] = i * 7;
	code = gpu.to(room, x, sizeof(x));
	/* the copy may still be under way, and the stream need not wait */
	if (code == 0)
		code = gpu.sync();
	if (code == 0)
		code = gpu_call_over(answer, KE_LEN(x), 8, stream, args);
	if (code == 0)
		code = gpu.sync();
	if (code == 0)
		code = gpu.from(x, room, sizeof(x));
	for (uint32_t i = 0; code == 0 && i < KE_LEN(x); i++)
		if (x[i] != 22 * i)
			code = -1;
	return code;
}
