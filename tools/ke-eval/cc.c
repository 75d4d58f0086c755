/* One run of the compiler: our end.  Text and products go through memory files,
 * so that nothing is left of a run that is killed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cc.h"
#include "compile.h"
#include "defence.h"
#include "sandbox.h"

#define LOG_MAX ((size_t)16 << 10)

const char compiler_flags[] =
    "-O3 -march=native -std=gnu11 -fPIC -shared -nostartfiles";

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

	c->argv[c->argc++] = ke_strdup(COMPILER_NAME);
	c->argv[c->argc++] = c->layers;
	add(c, "cc");
	snprintf(all, sizeof(all), "%s", compiler_flags);
	for (word = strtok_r(all, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save))
		add(c, word);
	add(c, "-fvisibility=hidden");
	add(c, "-Werror=implicit-function-declaration");
	add(c, "-Wl,-z,now,--hash-style=sysv");
	if (strstr(compiler_version(), "clang") == NULL)
		add(c, "-fopt-info-vec-all=out.remarks");
	cJSON_ArrayForEach(f, flags)
		add(c, f->valuestring);
	add(c, "-o");
	add(c, "out.so");
	add(c, "in.c");
	add(c, "-lm");
}

/* The child reads what it was granted from its copy of c. */
static pid_t
fork_compiler(void *arg)
{
	struct cc *c = arg;
	unsigned layers = 0;
	pid_t pid = defended(toolchain) ? sandbox_fork(&layers) : fork();

	if (pid == 0)
		snprintf(c->layers, sizeof(c->layers), "%u", layers);
	return pid;
}

static void
close_all(struct cc *c)
{
	close(c->text);
	close(c->object);
	close(c->remarks);
	close(c->report);
	for (size_t i = 0; i < c->argc; i++)
		if (c->argv[i] != c->layers)
			free(c->argv[i]);
	c->argc = 0;
}

static int
start(struct cc *c, struct ke_err *e)
{
	static const struct ke_limit limits[] = {{RLIMIT_CPU, 60},
	    {RLIMIT_AS, (rlim_t)4 << 30}, {RLIMIT_FSIZE, 64 << 20},
	    {RLIMIT_CORE, 0}};
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	static char locale[] = "LC_ALL=C";
	char *const envp[] = {path, locale, NULL};
	const int fds[] = {c->text, c->object, c->remarks, c->report};
	struct ke_spawn s = {.argv = c->argv, .file = "/proc/self/exe",
	    .envp = (char *const *)defence_env(envp),
	    .timeout_ms = defended(bombs) ? CC_MS : INT32_MAX,
	    .output_max = LOG_MAX, .limits = limits,
	    .n_limits = defended(bombs) ? KE_LEN(limits) : 0,
	    .fds = fds, .n_fds = KE_LEN(fds),
	    .fork = fork_compiler, .fork_arg = c};

	return ke_spawn(&c->child, &s, e);
}

int
cc_start(struct cc *c, const char *text, const cJSON *flags, struct ke_err *e)
{
	size_t n = strlen(text);

	*c = (struct cc){.text = memfd_create("ke-text", MFD_CLOEXEC),
	    .object = memfd_create("ke-object", MFD_CLOEXEC),
	    .remarks = memfd_create("ke-remarks", MFD_CLOEXEC),
	    .report = memfd_create("ke-report", MFD_CLOEXEC)};
	make_command(c, flags);
	if (c->report == -1 || write(c->text, text, n) != (ssize_t)n ||
	    lseek(c->text, 0, SEEK_SET) == -1)
		ke_fail(e, "memfd: %s", strerror(errno));
	else if (start(c, e) == 0)
		return 0;
	close_all(c);
	return -1;
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
