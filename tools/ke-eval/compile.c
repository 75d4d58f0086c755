/* From a candidate's text to shared objects, by way of the cache. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cc.h"
#include "compile.h"
#include "defence.h"
#include "file.h"
#include "hash.h"
#include "lock.h"
#include "spawn.h"
#include "unit.h"

int
program_open(struct program *p, const struct toolchain *t, const char *source,
    const struct ke_op *op, const cJSON *choice, struct verdict *v)
{
	struct ke_err e;

	*p = (struct program){.toolchain = t, .choice = choice};
	p->plan = ke_plan_parse(source, op, &e);
	if (p->plan == NULL)
		return verdict_set(v, KE_PLAN_ERROR, "plan", "%s", e.msg);
	if (ke_plan_check_choice(p->plan, choice, &e) == -1)
		return verdict_set(v, KE_PLAN_ERROR, "choice", "%s", e.msg);
	if (p->plan->gpu != (t != &toolchain_c))
		return verdict_set(v, KE_PLAN_ERROR, "block",
		    p->plan->gpu ? "language c has no threads of a block"
		    : "a launch needs grid and block");
	if (!p->plan->gpu && p->plan->n_maps > 0)
		return verdict_set(v, KE_PLAN_ERROR, "maps",
		    "language c has no tensor maps");
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
	if (p->plan->gpu)
		return 0;
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
	text = p->toolchain->unit(p->plan, source, op, dtype, &f->r);
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

/* PATH of the cache for this text and these flags, without suffix. */
static char *
cache_path(const struct toolchain *t, const char *text, const cJSON *flags,
    struct ke_err *e)
{
	char hex[KE_SHA256_HEX], *dir = ke_cache_dir("compile", e);
	struct ke_buf key = {0}, path = {0};
	const cJSON *f;

	if (dir == NULL)
		return NULL;
	ke_buf_fmt(&key, "%s%s\n%s\n%s\n", KE_VERSION,
	    defended(toolchain) && defended(bombs) ? "" : defence_key(),
	    t->version(), t->flags());
	cJSON_ArrayForEach(f, flags)
		ke_buf_fmt(&key, "%s\n", f->valuestring);
	ke_buf_str(&key, text);
	ke_sha256_hex(key.s, key.n, hex);
	ke_buf_fmt(&path, "%s/%.40s", dir, hex);
	ke_buf_free(&key);
	free(dir);
	return path.s;
}

/* Where one variant is kept, and the run that makes it. */
struct job {
	struct variant *variant;
	struct cc cc;
	bool running;
};

static char *
with_suffix(const char *path, const char *suffix)
{
	struct ke_buf b = {0};

	ke_buf_fmt(&b, "%s.%s", path, suffix);
	return b.s;
}

/* Starts what the cache doesn't have. */
static int
job_start(struct job *j, const struct toolchain *t, struct variant *v,
    const cJSON *flags, struct ke_err *e)
{
	char *path = cache_path(t, v->text, flags, e);
	struct stat st;

	*j = (struct job){.variant = v};
	if (path == NULL)
		return -1;
	v->so = with_suffix(path, "so");
	v->remarks = with_suffix(path, "remarks");
	free(path);
	if (stat(v->so, &st) == 0)
		return 0;
	if (cc_start(&j->cc, t, v->text, flags, e) == -1)
		return -1;
	j->running = true;
	return 0;
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
		    "the compiler took more than %d s", CC_MS / 1000);
	return verdict_set(v, KE_COMPILE_ERROR, p->toolchain->name,
	    "%s: %.300s", words,
	    c->output.s);
}

/* Keeps what was made: remarks first, so that where the object is there they
 * are too. */
static int
job_end(struct program *p, struct job *j, struct verdict *v, struct ke_err *e)
{
	struct ke_buf object = {0}, remarks = {0};
	int good = judge(p, &j->cc.child, v), status = 0;

	cc_end(&j->cc, &object, &remarks, &p->layers);
	if (good == 0 && object.n == 0)
		verdict_set(v, KE_COMPILE_ERROR, p->toolchain->name,
		    "it made nothing");
	else if (good == 0 && remarks.n > 0)
		status = ke_file_write(j->variant->remarks, remarks.s,
		    remarks.n, e);
	if (good == 0 && object.n > 0 && status == 0)
		status = ke_file_write(j->variant->so, object.s, object.n, e);
	ke_buf_free(&object);
	ke_buf_free(&remarks);
	return status;
}

/* Compiles up to VARIANTS_MAX variants at once. */
static int
compile_batch(struct program *p, struct variant *variants, size_t n,
    struct verdict *v, struct ke_err *e)
{
	struct job *jobs = ke_calloc(n, sizeof(*jobs));
	struct ke_child *wait = ke_calloc(n, sizeof(*wait));
	size_t live = 0;
	int status = 0;

	for (size_t i = 0; i < n && status == 0; i++)
		status = job_start(&jobs[i], p->toolchain, &variants[i],
		    p->plan->flags, e);
	for (size_t i = 0; i < n; i++)
		if (jobs[i].running)
			wait[live++] = jobs[i].cc.child;
	if (ke_spawn_wait(wait, live, e) == -1)
		status = -1;
	live = 0;
	for (size_t i = 0; i < n; i++) {
		if (!jobs[i].running)
			continue;
		jobs[i].cc.child = wait[live++];
		if (job_end(p, &jobs[i], v, e) == -1)
			status = -1;
	}
	free(jobs);
	free(wait);
	return status;
}

/* What a loader would refuse is refused here too, where nothing is run. */
static int
check_variants(const struct program *p, struct verdict *v, struct ke_err *e)
{
	for (size_t i = 0; i < p->n_variants && v->status == KE_PASS; i++) {
		struct ke_buf b = {0};
		int status = ke_file_read(p->variants[i].so, OBJECT_MAX, &b, e);

		if (status == 0)
			(void)p->toolchain->check(b.s, b.n, v);
		ke_buf_free(&b);
		if (status == -1)
			return -1;
	}
	return 0;
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
	if (status == 0 && v->status == KE_PASS)
		status = check_variants(p, v, e);
	p->compile_s = ke_now() - from;
	if (status == 0 && v->status == KE_PASS && p->n_variants > 0 &&
	    stat(p->variants[0].so, &st) == 0)
		p->code_bytes = (size_t)st.st_size;
	return status;
}

char *
compile_trusted(const struct toolchain *t, const char *text,
    const char *what, struct verdict *v, struct ke_err *e)
{
	struct variant made = {.text = ke_strdup(text)};
	struct ke_plan plan = {0};
	struct program p = {.toolchain = t, .plan = &plan};
	int status;

	v->status = KE_PASS;
	status = compile_batch(&p, &made, 1, v, e);
	if (v->status != KE_PASS)
		verdict_set(v, v->status, t->name, "%s: %s", what,
		    p.log.n > 0 ? p.log.s : "no word from the compiler");
	ke_buf_free(&p.log);
	free(made.text);
	free(made.remarks);
	if (status == 0 && v->status == KE_PASS)
		return made.so;
	free(made.so);
	return NULL;
}
