/* hiprtc: a library of its own, or part of HIP's runtime.  It needs no device
 * to compile for one. */
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "codeobject.h"
#include "hip.h"
#include "rtc.h"
#include "unit.h"

static struct rtc_found found;
static const char offload[] = "--offload-arch=";

/* As HIP numbers itself, hip_version.h: 50221153 is 5.2.21153. */
static int
version_of(void *library, char *to, size_t n)
{
	int (*get)(int *), v = 0;
	void *f = dlsym(library, "hipRuntimeGetVersion");

	memcpy(&get, &f, sizeof(f));
	if (f == NULL || get(&v) != 0 || v < 10000000)
		return -1;
	snprintf(to, n, "hiprtc %d.%d.%d", v / 10000000, v / 100000 % 100,
	    v % 100000);
	return 0;
}

/* The compiler's own library, which is loaded when it is needed. */
static void *
load_comgr(void *library)
{
	Dl_info at;
	char pattern[PATH_MAX + 32];
	glob_t g = {0};
	void *so = NULL;

	if (dladdr(dlsym(library, "hiprtcVersion"), &at) == 0 ||
	    strrchr(at.dli_fname, '/') == NULL)
		return NULL;
	snprintf(pattern, sizeof(pattern), "%.*s/libamd_comgr.so.[0-9]",
	    (int)(strrchr(at.dli_fname, '/') - at.dli_fname), at.dli_fname);
	if (glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0)
		so = dlopen(g.gl_pathv[g.gl_pathc - 1], RTLD_NOW);
	globfree(&g);
	return so;
}

/* Asked for an architecture that it doesn't know it ends the process by abort()
 * (5.2.21153), so it is asked first which it knows: amd_comgr.h,
 * "amdgcn-amd-amdhsa--gfx90a". */
static int
knows(void *library, char *const *options)
{
	int (*count)(size_t *), (*name)(size_t, const char **);
	void *so = load_comgr(library), *f, *g;
	const char *arch = options[0] + sizeof(offload) - 1, *isa;
	size_t n;

	if (so == NULL || (f = dlsym(so, "amd_comgr_get_isa_count")) == NULL ||
	    (g = dlsym(so, "amd_comgr_get_isa_name")) == NULL)
		return 0;
	memcpy(&count, &f, sizeof(f));
	memcpy(&name, &g, sizeof(g));
	if (count(&n) != 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (name(i, &isa) == 0 && strrchr(isa, '-') != NULL &&
		    strcmp(strrchr(isa, '-') + 1, arch) == 0)
			return 0;
	dprintf(2, "hiprtc: it can't compile for %s\n", arch);
	return -1;
}

const struct rtc rtc_hiprtc = {
	.name = "hiprtc", .file = "candidate.hip", .size = "GetCodeSize",
	.code = "GetCode", .beside = "libhiprtc-builtins.so*",
	.n_places = 6,
	.place = {{"KE_HIP", ""}, {"ROCM_PATH", ""}, {"HIP_PATH", ""},
	    {NULL, "/opt/rocm"}, {NULL, "/opt/rocm-[0-9]*"}, {NULL, "/usr"}},
	.libs = {9, {"lib64/libhiprtc.so", "lib/libhiprtc.so",
	    "lib/libhiprtc.so.[5-7]",
	    "lib/x86_64-linux-gnu/libhiprtc.so.[5-7]",
	    "lib64/libamdhip64.so", "lib/libamdhip64.so",
	    "lib/libamdhip64.so.[5-7]",
	    "lib/x86_64-linux-gnu/libamdhip64.so.[5-7]",
	    "lib/aarch64-linux-gnu/libamdhip64.so.[5-7]"}},
	.none = "no libhiprtc.so or libamdhip64.so; KE_HIP may name the folder "
	    "of ROCm, which has lib/",
	.may = knows, .version = version_of, .found = &found,
};

bool
hip_library(char to[PATH_MAX])
{
	static const struct rtc_files files = {5, {"lib64/libamdhip64.so",
	    "lib/libamdhip64.so", "lib/libamdhip64.so.[5-7]",
	    "lib/x86_64-linux-gnu/libamdhip64.so.[5-7]",
	    "lib/aarch64-linux-gnu/libamdhip64.so.[5-7]"}};

	return rtc_find_file(&rtc_hiprtc, &files, to);
}

static const char *
version(void)
{
	return rtc_version(&rtc_hiprtc);
}

static const char *
why(void)
{
	return rtc_why(&rtc_hiprtc);
}

static const char *
flags(void)
{
	static char all[96];

	snprintf(all, sizeof(all), "%s%s -O3 -std=c++17", offload,
	    arch_of(GPU_AMD));
	return all;
}

static void
command(struct cc *c, const cJSON *more)
{
	rtc_command(&rtc_hiprtc, c, flags(), more);
}

const struct toolchain toolchain_hip = {
	.language = "hip", .name = "hiprtc", .suffix = "hip",
	.form = PLAN_THREADS, .shared_max = 65536, .type = unit_hip_type,
	.version = version, .why = why,
	.flags = flags, .command = command, .unit = unit_hip_text,
	.check = codeobject_check, .kernels = codeobject_kernels,
};
