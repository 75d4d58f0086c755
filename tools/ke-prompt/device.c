/* The GPU that candidates run on, in words. */
#include <string.h>

#include "device.h"
#include "text.h"

#define NAME_MAX_BYTES 100

/* Limits by compute capability: NVIDIA, CUDA C++ Programming Guide, Compute
 * Capabilities.  Operations of the tensor cores: NVIDIA's white papers on the
 * A100 and the H100, 312 TFLOP/s of 108 SMs at 1.41 GHz and 989 of 132 at
 * 1.83; 0 where products of one capability differ. */
static const struct {
	const char *arch;
	int threads, shared_kib, block_kib; /* of an SM, of an SM, of a block */
	int lanes, tensor;                  /* an SM and cycle */
	const char *words;
	const char *more; /* with the suffix a */
} all[] = {
	{"sm_75", 1024, 64, 64, 64, 0, "mma.sync (m16n8k8), ldmatrix", ""},
	{"sm_80", 2048, 164, 163, 64, 2048, "mma.sync, ldmatrix, cp.async", ""},
	{"sm_86", 1536, 100, 99, 128, 0, "mma.sync, ldmatrix, cp.async", ""},
	{"sm_89", 1536, 100, 99, 128, 0, "mma.sync, ldmatrix, cp.async", ""},
	{"sm_90", 2048, 228, 227, 128, 4096, "mma.sync, ldmatrix, cp.async, "
	    "clusters, tensor maps (TMA), mbarrier", ", wgmma, setmaxnreg"},
	{"sm_100", 2048, 228, 227, 128, 0, "mma.sync, ldmatrix, cp.async, "
	    "clusters, tensor maps (TMA), mbarrier; no wgmma",
	    ", tcgen05, setmaxnreg"},
	{"sm_120", 1536, 100, 99, 128, 0, "mma.sync, ldmatrix, cp.async, "
	    "tensor maps (TMA), mbarrier; no wgmma, no tcgen05", ""},
};

/* AMD's: data sheets of the MI250X (383 TFLOP/s of f16 in matrices, 47.9 of
 * f32, of 220 compute units at 1.7 GHz) and of the MI300X (1307 and 163 of 304
 * at 2.1); registers and waves as LLVM's AMDGPU backend has them. */
static const struct {
	const char *arch;
	int lanes, matrix; /* a compute unit and cycle */
} amd[] = {
	{"gfx90a", 64, 1024}, {"gfx942", 128, 2048},
};

static const cJSON *
with_device(const cJSON *env)
{
	return ke_json_string(env, "device") != NULL ? env : NULL;
}

/* Of the parent's evaluation, which ran last; else the run's; else the line's
 * own, as ke-eval -i prints it. */
static const cJSON *
env_of(const cJSON *rec)
{
	const cJSON *context = ke_json_object(rec, "context");
	const cJSON *eval = ke_json_object(ke_json_object(context, "parent"),
	    "eval");
	const cJSON *env = with_device(ke_json_object(eval, "env"));

	if (env == NULL)
		env = with_device(ke_json_object(context, "env"));
	return env != NULL ? env : with_device(ke_json_object(rec, "env"));
}

static bool
is_amd(const char *arch)
{
	return arch != NULL && strncmp(arch, "gfx", 3) == 0;
}

static void
tell_amd(struct ke_buf *b, const char *arch)
{
	for (size_t i = 0; i < KE_LEN(amd); i++) {
		if (strcmp(amd[i].arch, arch) != 0)
			continue;
		ke_buf_str(b, "- a compute unit: 4 SIMDs of 512 registers a "
		    "lane (VGPRs and AGPRs) in steps of 8, at most 8 waves "
		    "of 64 lanes on a SIMD; 64 KiB of LDS\n");
		ke_buf_fmt(b, "- a compute unit and cycle: %d multiply-adds "
		    "of f32; %d operations (two a multiply-add) of f16 in "
		    "the matrix cores\n", amd[i].lanes, amd[i].matrix);
		ke_buf_str(b, "- instructions: MFMA (matrix cores), "
		    "packed f32 and f16\n");
	}
}

static void
tell_arch(struct ke_buf *b, const char *arch)
{
	size_t n = strlen(arch);
	bool more = n > 0 && arch[n - 1] == 'a';

	if (is_amd(arch)) {
		tell_amd(b, arch);
		return;
	}
	n -= more;
	for (size_t i = 0; i < KE_LEN(all); i++) {
		if (strlen(all[i].arch) != n ||
		    strncmp(all[i].arch, arch, n) != 0)
			continue;
		ke_buf_fmt(b, "- an SM: 65536 registers, at most 255 a "
		    "thread; %d threads; %d KiB of shared memory, %d a "
		    "block\n", all[i].threads, all[i].shared_kib,
		    all[i].block_kib);
		ke_buf_fmt(b, "- an SM and cycle: %d multiply-adds of f32",
		    all[i].lanes);
		if (all[i].tensor > 0)
			ke_buf_fmt(b, "; %d operations (two a multiply-add) "
			    "of f16 or bf16 in the tensor cores",
			    all[i].tensor);
		ke_buf_fmt(b, "\n- instructions: %s%s\n", all[i].words,
		    more ? all[i].more : "");
	}
}

static void
tell_name(struct ke_buf *b, const cJSON *env)
{
	const char *compiler = ke_json_string(env, "compiler");
	const char *driver = ke_json_string(env, "driver");

	ke_buf_str(b, "- device: ");
	text_line(b, ke_json_string(env, "device"), NAME_MAX_BYTES);
	if (driver != NULL) {
		ke_buf_str(b, is_amd(ke_json_string(env, "arch"))
		    ? ", driver for HIP " : ", driver for CUDA ");
		text_line(b, driver, NAME_MAX_BYTES);
	}
	if (compiler != NULL) {
		ke_buf_str(b, ", compiler ");
		text_line(b, compiler, NAME_MAX_BYTES);
	}
	ke_buf_str(b, "\n");
}

static void
tell_numbers(struct ke_buf *b, const cJSON *env)
{
	static const struct {
		const char *member;
		double unit;
		const char *before, *after;
	} what[] = {
		{"sms", 1, "multiprocessors (SMs)", ""},
		{"peak_bps", 1e9, "memory, at its peak", " GB/s"},
		{"l2_bytes", 1 << 20, "L2 cache", " MiB"},
		{"sm_mhz", 1, "clock of the SMs when last measured", " MHz"},
	};

	for (size_t i = 0; i < KE_LEN(what); i++) {
		double x = ke_json_number(env, what[i].member, 0);

		if (x > 0)
			ke_buf_fmt(b, "- %s: %.4g%s\n", i == 0 &&
			    is_amd(ke_json_string(env, "arch"))
			    ? "compute units" : what[i].before,
			    x / what[i].unit, what[i].after);
	}
}

void
device_describe(struct ke_buf *b, const cJSON *rec, const char *target)
{
	const cJSON *env = env_of(rec);
	const char *arch = ke_json_string(env, "arch");
	const char *colon = strchr(target, ':');

	if (arch == NULL && colon != NULL)
		arch = colon + 1;
	if (env == NULL && arch == NULL)
		return;
	ke_buf_str(b, "## The machine\n\n");
	if (env != NULL) {
		tell_name(b, env);
		tell_numbers(b, env);
	}
	if (arch != NULL) {
		ke_buf_str(b, "- architecture: ");
		text_line(b, arch, NAME_MAX_BYTES);
		ke_buf_str(b, "\n");
		tell_arch(b, arch);
	}
	ke_buf_str(b, "\n");
}
