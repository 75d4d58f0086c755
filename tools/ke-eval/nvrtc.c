/* NVRTC: found by its file, loaded by nobody but the compiler's process. */
#include <dlfcn.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cc.h"
#include "cubin.h"
#include "file.h"
#include "spawn.h"
#include "toolchain.h"
#include "unit.h"

#define SOURCE_MAX ((size_t)64 << 20)

static char lib[PATH_MAX], include[PATH_MAX];
static char arch[32];

void
nvrtc_set_arch(const char *a)
{
	snprintf(arch, sizeof(arch), "%s", a);
}

const char *
nvrtc_arch(void)
{
	return arch;
}

/* The last file, by name, that matches. */
static bool
match(const char *pattern, char *to)
{
	glob_t g = {0};
	bool found = glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0 &&
	    realpath(g.gl_pathv[g.gl_pathc - 1], to) != NULL;

	globfree(&g);
	return found;
}

/* DIR/../lib of the python3 that PATH finds: what pip installs. */
static void
python_prefix(char *to, size_t n)
{
	const char *path = getenv("PATH");
	size_t len;

	*to = '\0';
	for (; path != NULL && *path != '\0'; path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		if (len + 16 > n)
			continue;
		snprintf(to, n, "%.*s/python3", (int)len, path);
		if (access(to, X_OK) == 0) {
			snprintf(to, n, "%.*s/..", (int)len, path);
			return;
		}
	}
	*to = '\0';
}

/* The i-th place that a toolkit may be in, as a pattern; empty where that is
 * not said.  False where there are no more. */
static bool
place(size_t i, char *to, size_t n)
{
	static const struct {
		const char *variable, *path;
	} all[] = {{"KE_CUDA", ""}, {"CUDA_HOME", ""}, {"CUDA_PATH", ""},
	    {NULL, "/usr/local/cuda"}, {NULL, "/usr/local/cuda-[0-9]*"},
	    {NULL, "/opt/cuda"}, {NULL, "/usr"}};
	char python[PATH_MAX];
	const char *at;

	*to = '\0';
	if (i < KE_LEN(all)) {
		at = all[i].variable == NULL ? all[i].path
		    : getenv(all[i].variable);
		snprintf(to, n, "%s", at == NULL ? "" : at);
		return true;
	}
	python_prefix(python, sizeof(python));
	if (i == KE_LEN(all) && *python != '\0')
		snprintf(to, n, "%s/lib/python3*/site-packages/nvidia/c*",
		    python);
	return i == KE_LEN(all);
}

static bool
look(const char *at, const char *what, char *to)
{
	char pattern[PATH_MAX * 2];

	snprintf(pattern, sizeof(pattern), "%s/%s", at, what);
	return *at != '\0' && match(pattern, to);
}

static bool
find_lib(const char *at)
{
	static const char *const libs[] = {"lib64/libnvrtc.so",
	    "lib64/libnvrtc.so.[0-9]*[0-9]", "lib/libnvrtc.so.[0-9]*[0-9]",
	    "lib/x86_64-linux-gnu/libnvrtc.so.[0-9]*[0-9]",
	    "lib/aarch64-linux-gnu/libnvrtc.so.[0-9]*[0-9]"};

	for (size_t i = 0; i < KE_LEN(libs); i++)
		if (look(at, libs[i], lib))
			return true;
	*lib = '\0';
	return false;
}

static bool
find_include(const char *at)
{
	char *slash;

	if (look(at, "include/cuda_fp16.h", include) &&
	    (slash = strrchr(include, '/')) != NULL) {
		*slash = '\0';
		return true;
	}
	*include = '\0';
	return false;
}

/* The library in the first place that has it; headers from there too, or else
 * from the first place that has any. */
static bool
find(void)
{
	char at[PATH_MAX * 2];
	bool found = *lib != '\0';

	if (found)
		return true;
	for (size_t i = 0; !found && place(i, at, sizeof(at)); i++)
		found = find_lib(at);
	if (!found || find_include(at))
		return found;
	for (size_t i = 0; place(i, at, sizeof(at)); i++)
		if (find_include(at))
			break;
	return true;
}

static const char *
why(void)
{
	return find() ? "" : "no libnvrtc.so; KE_CUDA may name the folder that "
	    "has lib64/ and include/";
}

/* "nvrtc 13.0", from a process that may load it. */
static const char *
version(void)
{
	static char text[64];
	static char name[] = COMPILER_NAME, layers[] = "0", nvrtc[] = "nvrtc";
	char *const argv[] = {name, layers, nvrtc, lib, NULL};
	struct ke_spawn s = {.argv = argv, .file = "/proc/self/exe",
	    .timeout_ms = 20000, .output_max = sizeof(text) - 1};
	struct ke_child c;
	struct ke_err e;

	if (*text != '\0')
		return text;
	snprintf(text, sizeof(text), "no compiler");
	if (!find())
		return text;
	if (ke_run(&c, &s, &e) == 0 && c.status == 0)
		snprintf(text, sizeof(text), "%.*s",
		    (int)strcspn(c.output.s, "\n"), c.output.s);
	ke_buf_free(&c.output);
	return text;
}

static const char *
flags(void)
{
	static char all[128];

	snprintf(all, sizeof(all), "--gpu-architecture=%s --std=c++17 "
	    "-default-device --ptxas-options=-v", arch);
	return all;
}

static void
add(struct cc *c, const char *arg)
{
	c->argv[c->argc++] = ke_strdup(arg);
	c->argv[c->argc] = NULL;
}

static void
command(struct cc *c, const cJSON *more)
{
	char all[160], *save, *word;
	const cJSON *f;

	find();
	add(c, "nvrtc");
	add(c, lib);
	add(c, include);
	snprintf(all, sizeof(all), "%s", flags());
	for (word = strtok_r(all, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save))
		add(c, word);
	cJSON_ArrayForEach(f, more)
		add(c, f->valuestring);
}

const struct toolchain toolchain_cuda = {
	.language = "cuda", .name = "nvrtc", .version = version, .why = why,
	.flags = flags, .command = command, .unit = unit_cuda_text,
	.check = cubin_check,
};

/* In the compiler's process. */

typedef void *program;

static struct {
	int (*version)(int *, int *);
	int (*create)(program *, const char *, const char *, int,
	    const char *const *, const char *const *);
	int (*compile)(program, int, const char *const *);
	int (*log_size)(program, size_t *);
	int (*log)(program, char *);
	int (*size)(program, size_t *);
	int (*cubin)(program, char *);
	const char *(*words)(int);
} nvrtc;

static int
load(const char *path)
{
	static const struct {
		const char *name;
		void *to;
	} all[] = {{"nvrtcVersion", &nvrtc.version},
	    {"nvrtcCreateProgram", &nvrtc.create},
	    {"nvrtcCompileProgram", &nvrtc.compile},
	    {"nvrtcGetProgramLogSize", &nvrtc.log_size},
	    {"nvrtcGetProgramLog", &nvrtc.log},
	    {"nvrtcGetCUBINSize", &nvrtc.size},
	    {"nvrtcGetCUBIN", &nvrtc.cubin},
	    {"nvrtcGetErrorString", &nvrtc.words}};
	char beside[PATH_MAX], pattern[PATH_MAX + 64];
	void *so;

	/* it loads these by name alone, which finds what is loaded */
	snprintf(pattern, sizeof(pattern), "%.*s/libnvrtc-builtins.so*",
	    (int)(strrchr(path, '/') - path), path);
	if (match(pattern, beside))
		(void)dlopen(beside, RTLD_NOW | RTLD_GLOBAL);
	so = dlopen(path, RTLD_NOW);
	if (so == NULL) {
		dprintf(2, "%s\n", dlerror());
		return -1;
	}
	for (size_t i = 0; i < KE_LEN(all); i++) {
		void *f = dlsym(so, all[i].name);

		if (f == NULL) {
			dprintf(2, "%s: no %s\n", path, all[i].name);
			return -1;
		}
		memcpy(all[i].to, &f, sizeof(f));
	}
	return 0;
}

static int
failed(const char *what, int code)
{
	dprintf(2, "nvrtc: %s: %s\n", what, nvrtc.words(code));
	return 1;
}

static void
print_log(program p)
{
	size_t n = 0;
	char *log;

	if (nvrtc.log_size(p, &n) != 0 || n <= 1)
		return;
	log = ke_calloc(1, n + 1);
	if (nvrtc.log(p, log) == 0)
		(void)!write(2, log, n - 1);
	free(log);
}

static int
write_cubin(program p)
{
	struct ke_err e;
	size_t n = 0;
	char *cubin;
	int got = nvrtc.size(p, &n);

	if (got != 0 || n == 0)
		return failed("cubin", got);
	cubin = ke_calloc(1, n);
	got = nvrtc.cubin(p, cubin);
	if (got != 0)
		return failed("cubin", got);
	if (ke_file_write("out.so", cubin, n, &e) == 0)
		return 0;
	dprintf(2, "%s\n", e.msg);
	return 1;
}

int
nvrtc_main(char **argv)
{
	const char *options[48];
	char place[PATH_MAX + 32];
	struct ke_buf text = {0};
	struct ke_err e;
	int major, minor, n = 0, got;
	program p;

	if (argv[1] == NULL || load(argv[1]) == -1)
		return 1;
	if (argv[2] == NULL) {
		if (nvrtc.version(&major, &minor) != 0)
			return 1;
		printf("nvrtc %d.%d\n", major, minor);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	if (*argv[2] != '\0') {
		snprintf(place, sizeof(place), "--include-path=%s", argv[2]);
		options[n++] = place;
	}
	for (int i = 3; argv[i] != NULL && n < (int)KE_LEN(options); i++)
		options[n++] = argv[i];
	if (ke_file_read("in.c", SOURCE_MAX, &text, &e) == -1) {
		dprintf(2, "%s\n", e.msg);
		return 1;
	}
	got = nvrtc.create(&p, text.s, "candidate.cu", 0, NULL, NULL);
	if (got != 0)
		return failed("create", got);
	got = nvrtc.compile(p, n, options);
	print_log(p);
	return got != 0 ? failed("compile", got) : write_cubin(p);
}
