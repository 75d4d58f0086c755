/* The machine that this program runs on, in words. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu.h"
#include "file.h"
#include "hardware.h"

#define CACHES_MAX 8

/* What /proc/cpuinfo calls it, and what a writer of kernels needs to know. */
static const struct {
	const char *flag, *words;
} extensions[] = {
	{"avx2", "AVX2 (16 registers of 8 floats)"},
	{"fma", "FMA"},
	{"f16c", "F16C"},
	{"avx512f", "AVX-512F (32 registers of 16 floats)"},
	{"avx512bw", "AVX-512BW"},
	{"avx512dq", "AVX-512DQ"},
	{"avx512vl", "AVX-512VL (32 registers of 8 floats too)"},
	{"avx512_vnni", "AVX-512 VNNI"},
	{"avx512_bf16", "AVX-512 BF16"},
	{"avx512_fp16", "AVX-512 FP16"},
	{"amx_tile", "AMX"},
	{"asimd", "Advanced SIMD (32 registers of 4 floats)"},
	{"asimdhp", "half precision"},
	{"sve", "SVE"},
	{"sve2", "SVE2"},
};

static bool
has_word(const char *words, const char *w)
{
	size_t n = strlen(w);

	for (const char *s = words; (s = strstr(s, w)) != NULL; s += n)
		if ((s == words || s[-1] == ' ') &&
		    (s[n] == ' ' || s[n] == '\0'))
			return true;
	return false;
}

static void
describe_extensions(struct ke_buf *b, const char *flags)
{
	const char *gap = "- vector extensions: ";

	for (size_t i = 0; i < KE_LEN(extensions); i++)
		if (has_word(flags, extensions[i].flag)) {
			ke_buf_fmt(b, "%s%s", gap, extensions[i].words);
			gap = ", ";
		}
	if (*gap == ',')
		ke_buf_str(b, "\n");
}

/* A line of sysfs without its end; empty where it can't be read. */
static void
read_line(struct ke_buf *b, int cache, const char *what)
{
	struct ke_buf path = {0};
	struct ke_err e;

	b->n = 0;
	ke_buf_fmt(&path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s",
	    cache, what);
	if (ke_file_read(path.s, 4096, b, &e) == -1) {
		b->n = 0;
		ke_buf_str(b, "");
	}
	b->s[strcspn(b->s, "\n")] = '\0';
	ke_buf_free(&path);
}

static void
describe_caches(struct ke_buf *b)
{
	struct ke_buf level = {0}, type = {0}, size = {0}, shared = {0};

	for (int i = 0; i < CACHES_MAX; i++) {
		read_line(&level, i, "level");
		read_line(&type, i, "type");
		read_line(&size, i, "size");
		read_line(&shared, i, "shared_cpu_list");
		if (*size.s != '\0' && strcmp(type.s, "Instruction") != 0)
			ke_buf_fmt(b, "- L%s cache: %s, shared by cpu %s\n",
			    level.s, size.s, shared.s);
	}
	ke_buf_free(&level);
	ke_buf_free(&type);
	ke_buf_free(&size);
	ke_buf_free(&shared);
}

void
hardware_describe(struct ke_buf *b)
{
	char *model = ke_cpu_model(), *flags = ke_cpu_field("flags");

	ke_buf_str(b, "## The machine\n\n");
	if (flags == NULL)
		flags = ke_cpu_field("Features");
	ke_buf_fmt(b, "- processor: %s\n", model);
	ke_buf_fmt(b, "- cores: %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	if (flags != NULL)
		describe_extensions(b, flags);
	describe_caches(b);
	ke_buf_str(b, "\n");
	free(model);
	free(flags);
}
