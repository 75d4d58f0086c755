/* AMD's driver behind the names, types and numbers of gpu_api.h: HIP's runtime,
 * of ROCm 5 to 7 (hip_runtime_api.h; the numbers below are in 5.2's, and in
 * later ones' under _R0600 where they differ). */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "gpu_api.h"
#include "hip.h"
#include "rsmi.h"

/* Those with CUDA's types and numbers. */
static const struct {
	const char *name;
	void *to;
} same[] = {
	{"hipInit", &gpu.init}, {"hipDriverGetVersion", &gpu.version},
	{"hipGetDeviceCount", &gpu.count}, {"hipDeviceGet", &gpu.device},
	{"hipDeviceGetName", &gpu.device_name},
	{"hipDeviceGetUuid", &gpu.uuid}, {"hipDeviceTotalMem", &gpu.total},
	{"hipDeviceSynchronize", &gpu.sync},
	{"hipStreamCreateWithFlags", &gpu.stream},
	{"hipEventCreateWithFlags", &gpu.event},
	{"hipEventRecord", &gpu.record}, {"hipEventQuery", &gpu.query},
	{"hipEventElapsedTime", &gpu.elapsed}, {"hipMalloc", &gpu.alloc},
	{"hipFree", &gpu.free},
	{"hipHostGetDevicePointer", &gpu.host_ptr},
	{"hipMemcpyHtoD", &gpu.to}, {"hipMemcpyDtoH", &gpu.from},
	{"hipMemcpyDtoD", &gpu.copy}, {"hipMemsetD8", &gpu.set8},
	{"hipModuleLoadData", &gpu.load}, {"hipModuleUnload", &gpu.unload},
	{"hipModuleGetFunction", &gpu.function},
	{"hipFuncGetAttribute", &gpu.get},
	{"hipMemAddressReserve", &gpu.reserve}, {"hipMemCreate", &gpu.create},
	{"hipMemRelease", &gpu.release}, {"hipMemMap", &gpu.map},
	{"hipMemSetAccess", &gpu.access},
	{"hipMemExportToShareableHandle", &gpu.export},
	{"hipMemGetAllocationGranularity", &gpu.granularity},
};

/* The others. */
static struct {
	int (*set_device)(int);
	int (*attribute)(int *, int, int);
	int (*host_alloc)(void **, size_t, unsigned);
	int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned,
	    unsigned, unsigned, void *, void **, void **);
	int (*launch_cooperative)(void *, unsigned, unsigned, unsigned,
	    unsigned, unsigned, unsigned, unsigned, void *, void **);
	int (*import)(unsigned long long *, void *, int);
	const char *(*error_name)(int);
	int (*properties)(void *, int);
	size_t arch_at; /* gcnArchName in those */
} hip;

enum { NOT_SUPPORTED = 801, COHERENT = 0x40000000 };

/* The device is made current for the whole process. */
static int
retain(void **context, int device)
{
	*context = NULL;
	return hip.set_device(device);
}

static int
current(void *context)
{
	(void)context;
	return 0;
}

/* hipDeviceAttribute_t; a block of AMD's has no more than its usual share of
 * shared memory. */
static int
attribute(int *to, int id, int device)
{
	static const struct {
		int cuda, hip;
	} ids[] = {{GPU_SMS, 63}, {GPU_L2, 19}, {GPU_CLOCK, 5},
	    {GPU_MEMORY_CLOCK, 60}, {GPU_BUS, 59}, {GPU_MAJOR, 23},
	    {GPU_MINOR, 61}, {GPU_SHARED_MAX, 74}, {GPU_PAGEABLE, 65},
	    {GPU_ECC, 0}};

	for (size_t i = 0; i < KE_LEN(ids); i++)
		if (ids[i].cuda == id)
			return hip.attribute(to, ids[i].hip, device);
	return NOT_SUPPORTED;
}

/* Where there are none to set: ROCm 5.2. */
static int
limit(int id, size_t bytes)
{
	(void)id;
	(void)bytes;
	return NOT_SUPPORTED;
}

/* No lines of the cache are set aside. */
static int
reset_l2(void)
{
	return 0;
}

/* What the host writes there a kernel that runs is to see. */
static int
host_alloc(void **to, size_t n, unsigned flags)
{
	return hip.host_alloc(to, n, flags | COHERENT);
}

/* A kernel may have all the shared memory there is without being told. */
static int
set(void *function, int id, int value)
{
	(void)function;
	(void)value;
	return id == GPU_F_DYNAMIC ? 0 : NOT_SUPPORTED;
}

static int
launch(const struct gpu_config *c, void *function, void **args, void **extra)
{
	bool cooperative = false;

	(void)extra;
	for (unsigned i = 0; i < c->n_attrs; i++)
		if (c->attrs[i].id == GPU_A_COOPERATIVE)
			cooperative = c->attrs[i].value.cooperative != 0;
		else
			return NOT_SUPPORTED;
	if (cooperative && hip.launch_cooperative == NULL)
		return NOT_SUPPORTED;
	if (cooperative)
		return hip.launch_cooperative(function, c->grid[0], c->grid[1],
		    c->grid[2], c->block[0], c->block[1], c->block[2],
		    c->shared, c->stream, args);
	return hip.launch(function, c->grid[0], c->grid[1], c->grid[2],
	    c->block[0], c->block[1], c->block[2], c->shared, c->stream, args,
	    NULL);
}

/* From 7.1 on a descriptor is passed as in CUDA, before that its address:
 * PyTorch's CUDASymmetricMemory.cu has both. */
static int
import(unsigned long long *to, void *fd, int type)
{
	int version = 0, number = (int)(intptr_t)fd;

	(void)gpu.version(&version);
	return hip.import(to, version >= 70100000 ? fd : (void *)&number,
	    type);
}

static int
tensor_map(void *to, int type, unsigned rank, void *at,
    const uint64_t *shape, const uint64_t *stride, const unsigned *box,
    const unsigned *steps, int interleave, int swizzle, int promotion,
    int fill)
{
	(void)to, (void)type, (void)rank, (void)at, (void)shape, (void)stride;
	(void)box, (void)steps, (void)interleave, (void)swizzle;
	(void)promotion, (void)fill;
	return NOT_SUPPORTED;
}

static int
error_name(int code, const char **to)
{
	*to = hip.error_name(code);
	return *to == NULL ? NOT_SUPPORTED : 0;
}

static int
find(void *so, const char *name, void *to, struct ke_err *e)
{
	void *f = dlsym(so, name);

	if (f == NULL)
		return ke_fail(e, "libamdhip64.so: no %s", name);
	memcpy(to, &f, sizeof(f));
	return 0;
}

/* struct hipDeviceProp_t has two layouts, each with functions of its own. */
static int
find_properties(void *so, struct ke_err *e)
{
	hip.arch_at = 1160;
	if (find(so, "hipGetDevicePropertiesR0600", &hip.properties, e) == 0)
		return 0;
	hip.arch_at = 396;
	return find(so, "hipGetDeviceProperties", &hip.properties, e);
}

static int
load(void *so, struct ke_err *e)
{
	static const struct {
		const char *name;
		void *to;
	} own[] = {{"hipSetDevice", &hip.set_device},
	    {"hipDeviceGetAttribute", &hip.attribute},
	    {"hipHostMalloc", &hip.host_alloc},
	    {"hipModuleLaunchKernel", &hip.launch},
	    {"hipMemImportFromShareableHandle", &hip.import},
	    {"hipGetErrorName", &hip.error_name}};

	for (size_t i = 0; i < KE_LEN(same); i++)
		if (find(so, same[i].name, same[i].to, e) == -1)
			return -1;
	for (size_t i = 0; i < KE_LEN(own); i++)
		if (find(so, own[i].name, own[i].to, e) == -1)
			return -1;
	if (find(so, "hipDeviceSetLimit", &gpu.limit, e) == -1)
		gpu.limit = limit;
	(void)find(so, "hipModuleLaunchCooperativeKernel",
	    &hip.launch_cooperative, e);
	gpu.retain = retain;
	gpu.current = current;
	gpu.attribute = attribute;
	gpu.reset_l2 = reset_l2;
	gpu.host_alloc = host_alloc;
	gpu.set = set;
	gpu.launch = launch;
	gpu.import = import;
	gpu.tensor_map = tensor_map;
	gpu.error_name = error_name;
	return find_properties(so, e);
}

/* What attributes don't tell: the last cache before memory, and the transfers a
 * clock of that memory.  AMD CDNA 3 white paper: 256 MB of Infinity Cache; the
 * MI300X has 5.3 TB/s over 8192 bits at 1.3 GHz. */
static const struct {
	const char *arch;
	int cache, transfers;
} memories[] = {
	{"gfx94", 256 << 20, 4}, {"gfx95", 256 << 20, 4},
};

/* The version is 60342134 of 6.3.42134. */
static void
describe(int device, int version, struct gpu_info *i)
{
	static char properties[4096]; /* 1472 bytes in ROCm 6 */

	snprintf(i->driver, sizeof(i->driver), "%d.%d.%d", version / 10000000,
	    version / 100000 % 100, version % 100000);
	if (hip.properties(properties, device) == 0)
		snprintf(i->arch, sizeof(i->arch), "%.*s",
		    (int)strcspn(properties + hip.arch_at, ":"),
		    properties + hip.arch_at);
	for (size_t k = 0; k < KE_LEN(memories); k++)
		if (strncmp(i->arch, memories[k].arch,
		    strlen(memories[k].arch)) == 0) {
			i->l2 = memories[k].cache;
			i->peak_bps *= memories[k].transfers / 2.0;
			break;
		}
}

/* The clock that is the same everywhere counts at 100 MHz in CDNA (AMD CDNA 3
 * ISA, S_MEMREALTIME).  hiprtc has __half and no bf16, which isn't offered. */
static const char words[] =
    "struct ke_bf16 {\n"
    "\tunsigned short bits;\n"
    "};\n"
    "static __device__ float\n"
    "ke_bf16_read(ke_bf16 v)\n"
    "{\n"
    "\treturn __uint_as_float((unsigned)v.bits << 16);\n"
    "}\n"
    "static __device__ ke_bf16\n"
    "ke_bf16_of(double d)\n"
    "{\n"
    "\tunsigned u = __float_as_uint((float)d);\n"
    "\tke_bf16 v = {(unsigned short)((u + 0x7fffu + (u >> 16 & 1)) >> "
    "16)};\n"
    "\n"
    "\treturn v;\n"
    "}\n"
    "#define ke_f16_of(d) __float2half((float)(d))\n"
    "#define KE_GRID_CONSTANT\n"
    "#define KE_WAVE 64\n"
    "#define KE_SHUFFLE_DOWN(x, d) __shfl_down(x, d)\n"
    "#define KE_NAP() __builtin_amdgcn_s_sleep(2)\n"
    "#define KE_TRAP() __builtin_trap()\n"
    "static __device__ uint64_t\n"
    "ke_now(void)\n"
    "{\n"
    "\treturn 10 * (uint64_t)wall_clock64();\n"
    "}\n";

const struct gpu_vendor gpu_amd = {
	.name = "hip", .maker = GPU_AMD, .library = hip_library,
	.why = "no libamdhip64.so; KE_HIP may name the folder of ROCm, which "
	    "has lib/",
	.load = load, .describe = describe, .words = words,
	.open_state = rsmi_open, .read_state = rsmi_read,
	.joules = rsmi_joules,
};
