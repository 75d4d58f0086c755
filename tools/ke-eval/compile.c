/* From a candidate's text to shared objects, by way of the cache. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compile.h"
#include "file.h"
#include "hash.h"
#include "lock.h"
#include "spawn.h"
#include "unit.h"

#define COMPILE_MS 60000
#define LOG_MAX ((size_t)16 << 10)

const char compiler_flags[] =
    "-O3 -march=native -std=gnu11 -fPIC -shared -nostartfiles";

int
program_open(struct program *p, const char *source, const struct ke_op *op,
    const cJSON *choice, struct verdict *v)
{
	struct ke_err e;

	*p = (struct program){.choice = choice};
	p->plan = ke_plan_parse(source, op, &e);
	if (p->plan == NULL)
		return verdict_set(v, KE_PLAN_ERROR, "plan", "%s", e.msg);
	if (ke_plan_check_choice(p->plan, choice, &e) == -1)
		return verdict_set(v, KE_PLAN_ERROR, "choice", "%s", e.msg);
	return 0;
}

void
program_close(struct program *p)
{
	for (size_t i = 0; i < p->n_variants; i++) {
		free(p->variants[i].text);
		free(p->variants[i].so);
		free(p->variants[i].remarks);
	}
	ke_buf_free(&p->log);
	ke_plan_free(p->plan);
	*p = (struct program){0};
}

static int
check_types(const struct program *p, const struct ke_op *op,
    enum ke_dtype variant, struct verdict *v)
{
	for (size_t i = 0; i < op->n_tensors; i++)
		if (*ke_dtypes[ke_tensor_dtype(&op->tensors[i], variant)].c ==
		    '\0' && op->tensors[i].role != KE_LET)
			return verdict_set(v, KE_PLAN_ERROR, "dtype",
			    "%s: language c has no such type",
			    op->tensors[i].name);
	for (size_t i = 0; i < p->plan->n_workspaces; i++)
		if (*ke_dtypes[p->plan->workspaces[i].dtype].c == '\0')
			return verdict_set(v, KE_PLAN_ERROR, "dtype",
			    "workspace.%s: language c has no such type",
			    p->plan->workspaces[i].name);
	return 0;
}

int
program_fit(struct program *p, const char *source, const struct ke_op *op,
    enum ke_dtype dtype, const struct ke_case *c, struct fitted *f,
    struct verdict *v)
{
	struct ke_err e;
	char *text;

	f->variant = -1;
	if (check_types(p, op, dtype, v) == -1)
		return -1;
	if (ke_plan_resolve(p->plan, op, c, p->choice, &f->r, &e) == -1)
		return verdict_set(v, KE_PLAN_ERROR, "resolve", "%s", e.msg);
	if (f->r.outside)
		return 0;
	text = unit_text(p->plan, source, op, dtype, &f->r);
	f->variant = 0;
	while ((size_t)f->variant < p->n_variants &&
	    strcmp(p->variants[f->variant].text, text) != 0)
		f->variant++;
	if ((size_t)f->variant < p->n_variants) {
		free(text);
		return 0;
	}
	if (p->n_variants == VARIANTS_MAX) {
		free(text);
		return verdict_set(v, KE_PLAN_ERROR, "variants",
		    "more than %d different sets of constants", VARIANTS_MAX);
	}
	p->variants[p->n_variants++] = (struct variant){.text = text};
	return 0;
}

const char *
compiler_version(void)
{
	static char version[128];
	static char cc[] = "cc", option[] = "--version";
	char *const argv[] = {cc, option, NULL};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 10000,
	    .output_max = sizeof(version) - 1};
	struct ke_child c;
	struct ke_err e;

	if (*version != '\0')
		return version;
	snprintf(version, sizeof(version), "no compiler");
	if (ke_run(&c, &s, &e) == 0 && c.status == 0)
		snprintf(version, sizeof(version), "%.*s",
		    (int)strcspn(c.output.s, "\n"), c.output.s);
	ke_buf_free(&c.output);
	return version;
}

/* Arguments of one run of the compiler; text is in FROM, beside it go FROM.so
 * and FROM.remarks. */
struct command {
	char *argv[48];
	size_t n;
	struct ke_buf from, to, remarks;
};

static void
command_add(struct command *c, const char *arg)
{
	c->argv[c->n++] = ke_strdup(arg);
	c->argv[c->n] = NULL;
}

static void
command_make(struct command *c, const char *base, const cJSON *flags)
{
	char all[256], *save, *word;
	const cJSON *f;

	*c = (struct command){0};
	ke_buf_fmt(&c->from, "%s.c", base);
	ke_buf_fmt(&c->to, "%s.so", base);
	ke_buf_fmt(&c->remarks, "-fopt-info-vec-all=%s.remarks", base);
	command_add(c, "cc");
	snprintf(all, sizeof(all), "%s", compiler_flags);
	for (word = strtok_r(all, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save))
		command_add(c, word);
	command_add(c, "-fvisibility=hidden");
	command_add(c, "-Werror=implicit-function-declaration");
	command_add(c, "-Wl,-z,now,--hash-style=sysv");
	if (strstr(compiler_version(), "clang") == NULL)
		command_add(c, c->remarks.s);
	cJSON_ArrayForEach(f, flags)
		command_add(c, f->valuestring);
	command_add(c, "-o");
	command_add(c, c->to.s);
	command_add(c, c->from.s);
	command_add(c, "-lm");
}

static void
command_free(struct command *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->argv[i]);
	ke_buf_free(&c->from);
	ke_buf_free(&c->to);
	ke_buf_free(&c->remarks);
}

static int
start(struct ke_child *child, const struct command *c, struct ke_err *e)
{
	static const struct ke_limit limits[] = {{RLIMIT_CPU, 60},
	    {RLIMIT_AS, (rlim_t)4 << 30}, {RLIMIT_FSIZE, 64 << 20},
	    {RLIMIT_CORE, 0}};
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	static char locale[] = "LC_ALL=C";
	char *const envp[] = {path, locale, NULL};
	struct ke_spawn s = {.argv = c->argv, .envp = envp,
	    .timeout_ms = COMPILE_MS, .output_max = LOG_MAX,
	    .limits = limits, .n_limits = KE_LEN(limits)};

	return ke_spawn(child, &s, e);
}

/* PATH of the cache for this text and these flags, without suffix. */
static char *
cache_path(const char *text, const cJSON *flags, struct ke_err *e)
{
	char hex[KE_SHA256_HEX], *dir = ke_cache_dir("compile", e);
	struct ke_buf key = {0}, path = {0};
	const cJSON *f;

	if (dir == NULL)
		return NULL;
	ke_buf_fmt(&key, "%s\n%s\n%s\n", KE_VERSION, compiler_version(),
	    compiler_flags);
	cJSON_ArrayForEach(f, flags)
		ke_buf_fmt(&key, "%s\n", f->valuestring);
	ke_buf_str(&key, text);
	ke_sha256_hex(key.s, key.n, hex);
	ke_buf_fmt(&path, "%s/%.40s", dir, hex);
	ke_buf_free(&key);
	free(dir);
	return path.s;
}

/* Moves what was made at base to the cache: remarks first, so that where the
 * object is there they are too. */
static int
keep(const char *base, const char *path, struct ke_err *e)
{
	static const char *const suffixes[] = {"remarks", "so"};
	int status = 0;

	for (size_t i = 0; i < KE_LEN(suffixes); i++) {
		struct ke_buf from = {0}, to = {0};

		ke_buf_fmt(&from, "%s.%s", base, suffixes[i]);
		ke_buf_fmt(&to, "%s.%s", path, suffixes[i]);
		if (rename(from.s, to.s) == -1 && i == 1)
			status = ke_fail(e, "%s: %s", to.s, strerror(errno));
		ke_buf_free(&from);
		ke_buf_free(&to);
	}
	return status;
}

struct job {
	char *path, *base; /* in the cache, and in the making */
	struct command command;
	struct variant *variant;
};

static void
job_free(struct job *j)
{
	if (j->base != NULL) {
		unlink(j->command.from.s);
		unlink(j->command.to.s);
		command_free(&j->command);
	}
	free(j->path);
	free(j->base);
}

/* 1 where it must be compiled, 0 where the cache has it, -1. */
static int
job_make(struct job *j, struct variant *v, const cJSON *flags, size_t k,
    struct ke_err *e)
{
	struct ke_buf so = {0}, base = {0}, remarks = {0};
	struct stat st;

	*j = (struct job){.variant = v,
	    .path = cache_path(v->text, flags, e)};
	if (j->path == NULL)
		return -1;
	ke_buf_fmt(&so, "%s.so", j->path);
	ke_buf_fmt(&remarks, "%s.remarks", j->path);
	v->so = so.s;
	v->remarks = remarks.s;
	if (stat(so.s, &st) == 0)
		return 0;
	ke_buf_fmt(&base, "%s.%ld-%zu", j->path, (long)getpid(), k);
	j->base = base.s;
	command_make(&j->command, j->base, flags);
	if (ke_file_write(j->command.from.s, v->text, strlen(v->text),
	    e) == -1)
		return -1;
	return 1;
}

static int
judge(struct program *p, const struct ke_child *c, struct verdict *v)
{
	char words[64];

	if (c->status == 0 && !c->timed_out)
		return 0;
	if (p->log.n == 0)
		ke_buf_add(&p->log, c->output.s, c->output.n);
	ke_child_words(c, words, sizeof(words));
	if (c->timed_out)
		return verdict_set(v, KE_COMPILE_ERROR, "timeout",
		    "the compiler took more than %d s", COMPILE_MS / 1000);
	return verdict_set(v, KE_COMPILE_ERROR, "cc", "%s: %.300s", words,
	    c->output.s);
}

/* Compiles up to n variants at once. */
static int
compile_batch(struct program *p, struct variant *variants, size_t n,
    struct verdict *v, struct ke_err *e)
{
	struct job jobs[VARIANTS_MAX];
	struct ke_child children[VARIANTS_MAX];
	size_t made = 0, live = 0;
	struct job *of[VARIANTS_MAX];
	int status = 0;

	for (; made < n && status == 0; made++) {
		int need = job_make(&jobs[made], &variants[made],
		    p->plan->flags, made, e);

		if (need == 1 && start(&children[live],
		    &jobs[made].command, e) == 0)
			of[live++] = &jobs[made];
		else if (need != 0)
			status = -1;
	}
	if (ke_spawn_wait(children, live, e) == -1)
		status = -1;
	for (size_t i = 0; i < live; i++) {
		if (judge(p, &children[i], v) == 0 && status == 0 &&
		    keep(of[i]->base, of[i]->path, e) == -1)
			status = -1;
		ke_buf_free(&children[i].output);
	}
	for (size_t i = 0; i < made; i++)
		job_free(&jobs[i]);
	return status;
}

int
program_compile(struct program *p, int jobs, struct verdict *v,
    struct ke_err *e)
{
	double from;
	int lock = ke_lock_cpu(false, e), status = 0;
	size_t step = jobs > 0 ? (size_t)jobs : 1;
	struct stat st;

	if (lock == -1)
		return -1;
	from = ke_now();
	v->status = KE_PASS;
	for (size_t i = 0; i < p->n_variants && status == 0 &&
	    v->status == KE_PASS; i += step)
		status = compile_batch(p, p->variants + i,
		    p->n_variants - i < step ? p->n_variants - i : step, v, e);
	ke_unlock_cpu(lock);
	p->compile_s = ke_now() - from;
	if (status == 0 && v->status == KE_PASS && p->n_variants > 0 &&
	    stat(p->variants[0].so, &st) == 0)
		p->code_bytes = (size_t)st.st_size;
	return status;
}

char *
compile_trusted(const char *text, const char *what, struct verdict *v,
    struct ke_err *e)
{
	struct variant made = {.text = ke_strdup(text)};
	struct ke_plan plan = {0};
	struct program p = {.plan = &plan};
	int status;

	v->status = KE_PASS;
	status = compile_batch(&p, &made, 1, v, e);
	if (v->status != KE_PASS)
		verdict_set(v, v->status, "cc", "%s: %s", what,
		    p.log.n > 0 ? p.log.s : "no word from the compiler");
	ke_buf_free(&p.log);
	free(made.text);
	free(made.remarks);
	if (status == 0 && v->status == KE_PASS)
		return made.so;
	free(made.so);
	return NULL;
}
