/* Triton, used as a compiler: a Python that has it runs triton_worker.py in the
 * compiler's process. */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "cc.h"
#include "file.h"
#include "python.h"
#include "syscalls.h"
#include "toolchain.h"
#include "triton_text.h"
#include "unit.h"
#include "warm.h"

static char prefix[PATH_MAX]; /* of the Python */

/* The folder that KE_TRITON names, or that of the python3 in PATH. */
static void
find_prefix(char *to, size_t n)
{
	const char *said = getenv("KE_TRITON");

	if (said != NULL && *said != '\0')
		snprintf(to, n, "%s", said);
	else
		python_prefix(to, n);
}

/* Copies the VERSION of what pip calls triton-VERSION.dist-info. */
static bool
find_version(const char *folder, char *to, size_t n)
{
	static const char *const places[] = {"lib/python3*/site-packages",
	    "local/lib/python3*/dist-packages"};
	char pattern[PATH_MAX + 80];
	const char *name;
	bool found = false;

	for (size_t i = 0; i < KE_LEN(places) && !found; i++) {
		glob_t g = {0};

		snprintf(pattern, sizeof(pattern), "%s/%s/triton-[0-9]*"
		    ".dist-info", folder, places[i]);
		if (glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0) {
			name = strrchr(g.gl_pathv[0], '/') + 8;
			snprintf(to, n, "triton %.*s", (int)(strlen(name) -
			    strlen(".dist-info")), name);
			found = true;
		}
		globfree(&g);
	}
	return found;
}

static const char *
version(void)
{
	static char text[64];
	char at[PATH_MAX], python[PATH_MAX + 16];

	if (*text != '\0')
		return text;
	snprintf(text, sizeof(text), "no compiler");
	find_prefix(at, sizeof(at));
	if (*at == '\0' || realpath(at, prefix) == NULL)
		return text;
	snprintf(python, sizeof(python), "%s/bin/python3", prefix);
	if (access(python, X_OK) == 0)
		(void)find_version(prefix, text, sizeof(text));
	return text;
}

static const char *
why(void)
{
	return "no Triton for python3; KE_TRITON may name the folder of a "
	    "Python environment that has it";
}

static const char *
flags_of(const char *backend, enum gpu_maker m)
{
	static char all[64];

	snprintf(all, sizeof(all), "--target=%s:%s", backend, arch_of(m));
	return all;
}

static void
command_for(struct cc *c, enum gpu_maker m)
{
	const char *const all[] = {"triton", prefix, arch_of(m)};

	(void)version();
	for (size_t i = 0; i < KE_LEN(all); i++)
		c->argv[c->argc++] = ke_strdup(all[i]);
	c->argv[c->argc] = NULL;
}

static const char *
flags_nvidia(void)
{
	return flags_of("cuda", GPU_NVIDIA);
}

static const char *
flags_amd(void)
{
	return flags_of("hip", GPU_AMD);
}

static void
command_nvidia(struct cc *c, const cJSON *more)
{
	(void)more; /* a plan has none */
	command_for(c, GPU_NVIDIA);
}

static void
command_amd(struct cc *c, const cJSON *more)
{
	(void)more;
	command_for(c, GPU_AMD);
}

#define TRITON \
	.language = "triton", .name = "triton", .suffix = "py", \
	.form = PLAN_WARPS, .type = unit_cuda_type, .version = version, \
	.why = why, .ours = triton_worker_text, .warm = true, \
	.unit = unit_triton_text

const struct toolchain toolchain_triton = {
	TRITON, .flags = flags_nvidia, .command = command_nvidia,
	.parts = parts_read,
};

const struct toolchain toolchain_triton_amd = {
	TRITON, .flags = flags_amd, .command = command_amd,
	.parts = parts_read_amd, .kernels = parts_kernels_amd,
};

/* Becomes the Python of the prefix that argv names, which runs the worker with
 * the word; returns where it can't. */
static int
become(char **argv, char *word)
{
	static char isolated[] = "-I", bytecode[] = "-B", text[] = "-c",
	    home[] = "HOME=/nonexistent";
	char python[PATH_MAX + 16], *worker = ke_strdup(triton_worker_text);
	char *const args[] = {python, isolated, bytecode, text, worker, word,
	    argv[2], NULL};

	snprintf(python, sizeof(python), "%s/bin/python3", argv[1]);
	putenv(home);
	execv(python, args);
	dprintf(2, "%s: it can't be run\n", python);
	return 127;
}

int
triton_main(char **argv)
{
	static char once[] = "once";

	return become(argv, once);
}

int
triton_serve(char **argv, unsigned layers)
{
	char word[16];
	const struct sock_fprog *filter = filter_compiling();
	struct ke_err e;

	if (filter == NULL ||
	    ke_file_write(WARM_FILTER, filter->filter,
	    filter->len * sizeof(*filter->filter), &e) == -1 ||
	    ke_file_write(WARM_LIBRARY, warm_so, warm_so_n, &e) == -1)
		return 126;
	snprintf(word, sizeof(word), "%u", layers);
	return become(argv, word);
}
