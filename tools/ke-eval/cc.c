/* One run of the compiler: our end.  Text and products go through memory files,
 * so that nothing is left of a run that is killed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cc.h"
#include "compile.h"
#include "defence.h"
#include "load.h"
#include "sandbox.h"
#include "unit.h"
#include "warm.h"

#define LOG_MAX ((size_t)16 << 10)

static const char fixed[] =
    "-O3 -march=native -std=gnu11 -fPIC -shared -nostartfiles";

static const char *
version(void)
{
	static char text[128];
	static char cc[] = "cc", option[] = "--version";
	char *const argv[] = {cc, option, NULL};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 10000,
	    .output_max = sizeof(text) - 1};
	struct ke_child c;
	struct ke_err e;

	if (*text != '\0')
		return text;
	snprintf(text, sizeof(text), "no compiler");
	if (ke_run(&c, &s, &e) == 0 && c.status == 0)
		snprintf(text, sizeof(text), "%.*s",
		    (int)strcspn(c.output.s, "\n"), c.output.s);
	ke_buf_free(&c.output);
	return text;
}

static const char *
why(void)
{
	return "no cc in PATH";
}

static const char *
flags_of(void)
{
	return fixed;
}

static const struct toolchain *const toolchains[] = {&toolchain_c,
    &toolchain_cuda, &toolchain_triton, &toolchain_hip};

const struct toolchain *
toolchain_of_language(const char *name)
{
	for (size_t i = 0; i < KE_LEN(toolchains); i++)
		if (strcmp(toolchains[i]->language, name) == 0)
			return toolchains[i];
	return NULL;
}

const struct toolchain *
toolchain_of_suffix(const char *suffix)
{
	for (size_t i = 0; i < KE_LEN(toolchains); i++)
		if (strcmp(toolchains[i]->suffix, suffix) == 0)
			return toolchains[i];
	return NULL;
}

bool
toolchain_is_there(const struct toolchain *t)
{
	return strcmp(t->version(), "no compiler") != 0;
}

static void
add(struct cc *c, const char *arg)
{
	c->argv[c->argc++] = ke_strdup(arg);
	c->argv[c->argc] = NULL;
}

static void
make_command(struct cc *c, const cJSON *flags)
{
	char all[256], *save, *word;
	const cJSON *f;

	add(c, "cc");
	snprintf(all, sizeof(all), "%s", fixed);
	for (word = strtok_r(all, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save))
		add(c, word);
	add(c, "-fvisibility=hidden");
	add(c, "-Werror=implicit-function-declaration");
	add(c, "-Wl,-z,now,--hash-style=sysv");
	if (strstr(version(), "clang") == NULL)
		add(c, "-fopt-info-vec-all=out.remarks");
	cJSON_ArrayForEach(f, flags)
		add(c, f->valuestring);
	add(c, "-o");
	add(c, "out.so");
	add(c, "in.c");
	add(c, "-lm");
}

static int
check(const void *object, size_t n, struct verdict *v)
{
	return defended(load) ? load_check(object, n, v) : 0;
}

const struct toolchain toolchain_c = {
	.language = "c", .name = "cc", .suffix = "c", .form = PLAN_BLOCKS,
	.type = unit_c_type, .version = version, .why = why,
	.flags = flags_of, .command = make_command, .unit = unit_c_text,
	.check = check,
};

/* The child reads what it was granted from its copy of c.  Who asks another
 * process to compile needs to be shut in no more than we. */
static pid_t
fork_compiler(void *arg)
{
	struct cc *c = arg;
	unsigned layers = 0;
	pid_t pid = defended(toolchain) && c->warm == -1
	    ? sandbox_fork(&layers) : fork();

	if (pid == 0)
		snprintf(c->layers, sizeof(c->layers), "%u", layers);
	return pid;
}

void
cc_command(struct cc *c, const struct toolchain *t, const char *word,
    const cJSON *flags)
{
	c->argv[c->argc++] = ke_strdup(COMPILER_NAME);
	c->argv[c->argc++] = c->layers;
	if (word != NULL)
		c->argv[c->argc++] = ke_strdup(word);
	t->command(c, flags);
}

void
cc_command_free(struct cc *c)
{
	for (size_t i = 0; i < c->argc; i++)
		if (c->argv[i] != c->layers)
			free(c->argv[i]);
	c->argc = 0;
}

static void
close_all(struct cc *c)
{
	close(c->text);
	close(c->object);
	close(c->remarks);
	close(c->report);
	cc_command_free(c);
}

const struct ke_limit *
cc_limits(size_t *n)
{
	static const struct ke_limit limits[] = {{RLIMIT_CPU, WARM_CPU_S},
	    {RLIMIT_AS, (rlim_t)4 << 30}, {RLIMIT_FSIZE, 64 << 20},
	    {RLIMIT_CORE, 0}};

	*n = KE_LEN(limits);
	return limits;
}

char *const *
cc_environment(void)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	static char locale[] = "LC_ALL=C";
	static char *const envp[] = {path, locale, NULL};

	return (char *const *)defence_env(envp);
}

static int
start(struct cc *c, struct ke_err *e)
{
	const int fds[] = {c->text, c->object, c->remarks, c->report, c->warm};
	struct ke_spawn s = {.argv = c->argv, .file = "/proc/self/exe",
	    .envp = cc_environment(),
	    .timeout_ms = defended(bombs) ? CC_MS : INT32_MAX,
	    .output_max = LOG_MAX,
	    .fds = fds, .n_fds = KE_LEN(fds) - (c->warm == -1),
	    .fork = fork_compiler, .fork_arg = c};

	if (defended(bombs))
		s.limits = cc_limits(&s.n_limits);
	return ke_spawn(&c->child, &s, e);
}

int
cc_start(struct cc *c, const struct toolchain *t, const char *text,
    const cJSON *flags, struct ke_err *e)
{
	size_t n = strlen(text);

	*c = (struct cc){.text = memfd_create("ke-text", MFD_CLOEXEC),
	    .object = memfd_create("ke-object", MFD_CLOEXEC),
	    .remarks = memfd_create("ke-remarks", MFD_CLOEXEC),
	    .report = memfd_create("ke-report", MFD_CLOEXEC),
	    .warm = warm_socket(t)};
	cc_command(c, t, c->warm == -1 ? NULL : "ask", flags);
	if (c->report == -1 || write(c->text, text, n) != (ssize_t)n ||
	    lseek(c->text, 0, SEEK_SET) == -1)
		ke_fail(e, "memfd: %s", strerror(errno));
	else if (start(c, e) == 0)
		return 0;
	close_all(c);
	return -1;
}

bool
cc_gone(const struct cc *c)
{
	return c->warm != -1 && !c->child.timed_out &&
	    WIFEXITED(c->child.status) &&
	    WEXITSTATUS(c->child.status) == WARM_GONE;
}

static void
read_all(int fd, struct ke_buf *b)
{
	struct stat st;
	char *p;

	if (fstat(fd, &st) == -1 || st.st_size == 0)
		return;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return;
	ke_buf_add(b, p, (size_t)st.st_size);
	munmap(p, (size_t)st.st_size);
}

void
cc_end(struct cc *c, struct ke_buf *object, struct ke_buf *remarks,
    unsigned *layers)
{
	if (pread(c->report, layers, sizeof(*layers), 0) !=
	    (ssize_t)sizeof(*layers))
		*layers = 0;
	read_all(c->object, object);
	read_all(c->remarks, remarks);
	ke_buf_free(&c->child.output);
	close_all(c);
}
