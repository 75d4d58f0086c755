/* What only libamdhip64.so has, or has in its own way.  Numbers and layouts
 * are those of hip_runtime_api.h in ROCm 6, which has hipGetDeviceProperties
 * as ROCm 5 had it. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block.h"
#include "call.h"

#define LDS (64 << 10)
#define VERSION 60300000

const unsigned block_warp = 64;
/* before 7.1 what is imported is passed by its address */
const struct face face = {"hipInit", VERSION, EM_AMDGPU, "00000000000000fa",
    true};

int hipRuntimeGetVersion(int *);
int hipSetDevice(int);
int hipGetDeviceProperties(char *, int);
int hipGetDevicePropertiesR0600(char *, int);
int hipDeviceGetAttribute(int *, int, int);
int hipModuleLaunchKernel(struct kernel *, unsigned, unsigned, unsigned,
    unsigned, unsigned, unsigned, unsigned, void *, void **, void **);
int hipModuleLaunchCooperativeKernel(struct kernel *, unsigned, unsigned,
    unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **);
const char *hipGetErrorName(int);

/* ROCm ends the process. */
void
queue_fault(int code)
{
	static const char said[] = "Memory access fault by GPU node-1\n",
	    trapped[] = "HSA_STATUS_ERROR_EXCEPTION: An HSAIL operation "
	    "resulted in a hardware exception.\n";
	const char *text = code == 700 ? said : trapped;

	(void)!write(2, text, strlen(text));
	abort();
}

int
hipRuntimeGetVersion(int *to)
{
	*to = VERSION;
	return 0;
}

int
hipSetDevice(int device)
{
	BEGIN();
	return device == 0 ? 0 : 101;
}

int
hipDeviceGetAttribute(int *to, int id, int device)
{
	static const struct {
		int id, value;
	} all[] = {{0 /* ECC */, 1}, {5 /* kHz */, 1000000},
	    {10 /* cooperative launch */, 1}, {19 /* L2 cache */, 64 << 10},
	    {23 /* major */, 9}, {56 /* threads of a block */, 1024},
	    {59 /* bus */, 512}, {60 /* memory's kHz */, 1000000},
	    {61 /* minor */, 0}, {63 /* compute units */, 1},
	    {65 /* pageable memory */, 0}, {74 /* LDS */, LDS},
	    {87 /* lanes */, 64}};

	(void)device;
	BEGIN();
	for (size_t i = 0; i < KE_LEN(all); i++)
		if (all[i].id == id) {
			*to = all[i].value;
			return 0;
		}
	return 1;
}

/* name[256] first, gcnArchName[256] at its offset. */
static int
properties(char *to, size_t bytes, size_t arch)
{
	BEGIN();
	memset(to, 0, bytes);
	snprintf(to, 256, "fake device");
	snprintf(to + arch, 256, "gfx90a:sramecc+:xnack-");
	return 0;
}

int
hipGetDeviceProperties(char *to, int device)
{
	return device == 0 ? properties(to, 792, 396) : 101;
}

int
hipGetDevicePropertiesR0600(char *to, int device)
{
	return device == 0 ? properties(to, 1472, 1160) : 101;
}

/* In the order of hipamd's own checks (hip_module.cpp). */
static int
launch(struct kernel *k, const struct gpu_config *c, void **args)
{
	uint64_t threads = (uint64_t)c->block[0] * c->block[1] * c->block[2];

	if (c->grid[0] == 0 || c->grid[1] == 0 || c->grid[2] == 0)
		return 1;
	if (threads == 0)
		return 9;
	if (threads > BLOCK_THREADS || c->shared > LDS)
		return 1;
	return queue_launch(k, c, args);
}

int
hipModuleLaunchKernel(struct kernel *k, unsigned gx, unsigned gy, unsigned gz,
    unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream,
    void **args, void **extra)
{
	struct gpu_config c = {.grid = {gx, gy, gz}, .block = {bx, by, bz},
	    .shared = shared};
	int code = call_begins(__func__, k->name);

	(void)stream;
	return code != 0 ? code : extra != NULL ? 1 : launch(k, &c, args);
}

/* The one compute unit has one block at a time. */
int
hipModuleLaunchCooperativeKernel(struct kernel *k, unsigned gx, unsigned gy,
    unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
    void *stream, void **args)
{
	struct gpu_config c = {.grid = {gx, gy, gz}, .block = {bx, by, bz},
	    .shared = shared};
	int code = call_begins(__func__, k->name);

	(void)stream;
	return code != 0 ? code : (uint64_t)gx * gy * gz > 1 ? 720
	    : launch(k, &c, args);
}

const char *
hipGetErrorName(int code)
{
	static const struct {
		int code;
		const char *name;
	} all[] = {{0, "Success"}, {1, "InvalidValue"}, {2, "OutOfMemory"},
	    {9, "InvalidConfiguration"}, {100, "NoDevice"},
	    {101, "InvalidDevice"}, {200, "InvalidImage"},
	    {209, "NoBinaryForGpu"}, {214, "ECCNotCorrectable"},
	    {500, "NotFound"}, {600, "NotReady"}, {700, "IllegalAddress"},
	    {701, "LaunchOutOfResources"}, {702, "LaunchTimeOut"},
	    {710, "Assert"}, {719, "LaunchFailure"},
	    {720, "CooperativeLaunchTooLarge"}, {801, "NotSupported"}};
	static char name[64];
	const char *is = "Unknown";

	for (size_t i = 0; i < KE_LEN(all); i++)
		if (all[i].code == code)
			is = all[i].name;
	snprintf(name, sizeof(name), "%s%s", code == 0 ? "hip" : "hipError",
	    is);
	return name;
}
