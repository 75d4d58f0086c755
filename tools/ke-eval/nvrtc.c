/* NVRTC. */
#include <stdio.h>

#include "arch.h"
#include "cubin.h"
#include "rtc.h"
#include "unit.h"

static struct rtc_found found;

const struct rtc rtc_nvrtc = {
	.name = "nvrtc", .file = "candidate.cu", .size = "GetCUBINSize",
	.code = "GetCUBIN", .beside = "libnvrtc-builtins.so*",
	.n_places = 7,
	.place = {{"KE_CUDA", ""}, {"CUDA_HOME", ""}, {"CUDA_PATH", ""},
	    {NULL, "/usr/local/cuda"}, {NULL, "/usr/local/cuda-[0-9]*"},
	    {NULL, "/opt/cuda"}, {NULL, "/usr"}},
	.python = "lib/python3*/site-packages/nvidia/c*",
	.libs = {5, {"lib64/libnvrtc.so", "lib64/libnvrtc.so.[0-9]*[0-9]",
	    "lib/libnvrtc.so.[0-9]*[0-9]",
	    "lib/x86_64-linux-gnu/libnvrtc.so.[0-9]*[0-9]",
	    "lib/aarch64-linux-gnu/libnvrtc.so.[0-9]*[0-9]"}},
	.header = "include/cuda_fp16.h",
	.none = "no libnvrtc.so; KE_CUDA may name the folder that has lib64/ "
	    "and include/",
	.found = &found,
};

static const char *
version(void)
{
	return rtc_version(&rtc_nvrtc);
}

static const char *
why(void)
{
	return rtc_why(&rtc_nvrtc);
}

static const char *
flags(void)
{
	static char all[128];

	snprintf(all, sizeof(all), "--gpu-architecture=%s --std=c++17 "
	    "-default-device --ptxas-options=-v", arch_of(GPU_NVIDIA));
	return all;
}

static void
command(struct cc *c, const cJSON *more)
{
	rtc_command(&rtc_nvrtc, c, flags(), more);
}

const struct toolchain toolchain_cuda = {
	.language = "cuda", .name = "nvrtc", .suffix = "cu",
	.form = PLAN_THREADS, .maps = true, .type = unit_cuda_type,
	.version = version, .why = why,
	.flags = flags, .command = command, .unit = unit_cuda_text,
	.check = cubin_check,
};
