/* NVIDIA's driver. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "gpu_api.h"
#include "nvml.h"

static bool
library(char to[PATH_MAX])
{
	snprintf(to, PATH_MAX, "libcuda.so.1");
	return true;
}

static int
load(void *so, struct ke_err *e)
{
	static const struct {
		const char *name;
		void *to;
	} all[] = {
#define X(name, symbol, args) {#symbol, &gpu.name},
		GPU_API(X)
#undef X
	};

	for (size_t i = 0; i < KE_LEN(all); i++) {
		void *f = dlsym(so, all[i].name);

		if (f == NULL)
			return ke_fail(e, "libcuda.so.1: no %s", all[i].name);
		memcpy(all[i].to, &f, sizeof(f));
	}
	return 0;
}

/* The version is 13000 of 13.0. */
static void
describe(int device, int version, struct gpu_info *i)
{
	(void)device;
	snprintf(i->driver, sizeof(i->driver), "%d.%d", version / 1000,
	    version % 1000 / 10);
	/* from 9.0 on, what an architecture alone has needs the a */
	snprintf(i->arch, sizeof(i->arch), "sm_%d%d%s", i->major, i->minor,
	    i->major >= 9 ? "a" : "");
}

static const char words[] =
    "#include <cuda_bf16.h>\n"
    "#include <cuda_fp16.h>\n"
    "typedef __nv_bfloat16 ke_bf16;\n"
    "#define ke_bf16_read __bfloat162float\n"
    "#define ke_bf16_of __double2bfloat16\n"
    "#define ke_f16_of __double2half\n"
    "#define KE_GRID_CONSTANT __grid_constant__\n"
    "#define KE_WAVE 32\n"
    "#define KE_SHUFFLE_DOWN(x, d) __shfl_down_sync(~0u, x, d)\n"
    "#define KE_NAP() __nanosleep(100)\n"
    "#define KE_TRAP() __trap()\n"
    "static __device__ uint64_t\n"
    "ke_now(void)\n"
    "{\n"
    "\tuint64_t t;\n"
    "\n"
    "\tasm volatile(\"mov.u64 %0, %globaltimer;\" : \"=l\"(t));\n"
    "\treturn t;\n"
    "}\n";

const struct gpu_vendor gpu_nvidia = {
	.name = "cuda", .maker = GPU_NVIDIA, .library = library,
	.load = load, .describe = describe, .words = words,
	.open_state = nvml_open, .read_state = nvml_read,
	.joules = nvml_joules,
};
