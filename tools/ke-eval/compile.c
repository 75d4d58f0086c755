/* From a candidate's text to shared objects, by way of the cache. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cc.h"
#include "compile.h"
#include "defence.h"
#include "file.h"
#include "hash.h"
#include "lock.h"
#include "spawn.h"
#include "warm.h"

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
	ke_buf_str(&key, t->ours == NULL ? "" : t->ours);
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

/* Those that run, until they are done. */
static int
wait_jobs(struct job *jobs, size_t n, struct ke_err *e)
{
	struct ke_child *wait = ke_calloc(n, sizeof(*wait));
	size_t live = 0;
	int status;

	for (size_t i = 0; i < n; i++)
		if (jobs[i].running)
			wait[live++] = jobs[i].cc.child;
	status = ke_spawn_wait(wait, live, e);
	live = 0;
	for (size_t i = 0; i < n; i++)
		if (jobs[i].running)
			jobs[i].cc.child = wait[live++];
	free(wait);
	return status;
}

/* A warm compiler that has died is no verdict on what it compiled. */
static int
start_again(struct job *jobs, size_t n, const struct toolchain *t,
    const cJSON *flags, struct ke_err *e)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		struct ke_buf none = {0};
		unsigned layers;

		if (!jobs[i].running || !cc_gone(&jobs[i].cc))
			continue;
		cc_end(&jobs[i].cc, &none, &none, &layers);
		ke_buf_free(&none);
		warm_forget();
		any = true;
		jobs[i].running = cc_start(&jobs[i].cc, t,
		    jobs[i].variant->text, flags, e) == 0;
		if (!jobs[i].running)
			return -1;
	}
	return any ? wait_jobs(jobs, n, e) : 0;
}

/* Compiles up to VARIANTS_MAX variants at once. */
static int
compile_batch(struct program *p, struct variant *variants, size_t n,
    struct verdict *v, struct ke_err *e)
{
	struct job *jobs = ke_calloc(n, sizeof(*jobs));
	int status = 0;

	for (size_t i = 0; i < n && status == 0; i++)
		status = job_start(&jobs[i], p->toolchain, &variants[i],
		    p->plan->flags, e);
	if (wait_jobs(jobs, n, e) == -1 ||
	    start_again(jobs, n, p->toolchain, p->plan->flags, e) == -1)
		status = -1;
	for (size_t i = 0; i < n; i++)
		if (jobs[i].running &&
		    job_end(p, &jobs[i], v, e) == -1)
			status = -1;
	free(jobs);
	return status;
}

/* May this be loaded?  0, or -1 with a verdict. */
static int
check(const struct program *p, const struct ke_buf *object,
    struct parts *parts, struct verdict *v)
{
	parts->n = 0;
	return p->toolchain->parts == NULL
	    ? p->toolchain->check(object->s, object->n, v)
	    : p->toolchain->parts(object->s, object->n, p->plan, parts, v);
}

static void
at_least(int *most, int v)
{
	if (v > *most)
		*most = v;
}

/* What is known before a device has said more. */
static void
note_parts(struct program *p, const struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		const struct cubin_part *one = &parts->part[i];

		at_least(&p->registers, one->registers);
		at_least(&p->local_bytes, one->local_bytes);
		at_least(&p->shared_bytes, (int)one->shared);
		at_least(&p->threads, (int)one->threads);
	}
}

/* Of each launch's kernel the most over the variants, of waves the least. */
static int
note_kernels(struct program *p, const struct ke_buf *object,
    struct verdict *v)
{
	struct kernel_facts all[KE_LAUNCHES_MAX];

	if (p->toolchain->kernels == NULL)
		return 0;
	if (p->toolchain->kernels(object->s, object->n, p->plan, all, v) == -1)
		return -1;
	for (size_t k = 0; k < p->plan->n_launches; k++) {
		struct kernel_facts *f = &p->kernels[k], *one = &all[k];

		if (k >= p->n_kernels) {
			*f = *one;
			p->n_kernels++;
		}
		at_least(&f->vgprs, one->vgprs);
		at_least(&f->agprs, one->agprs);
		at_least(&f->sgprs, one->sgprs);
		at_least(&f->lds_bytes, one->lds_bytes);
		at_least(&f->scratch_bytes, one->scratch_bytes);
		at_least(&f->vgpr_spills, one->vgpr_spills);
		at_least(&f->sgpr_spills, one->sgpr_spills);
		at_least(&f->threads, one->threads);
		if (one->waves < f->waves)
			f->waves = one->waves;
		at_least(&p->registers, one->vgprs);
		at_least(&p->local_bytes, one->scratch_bytes);
		at_least(&p->shared_bytes, one->lds_bytes);
	}
	return 0;
}

/* What a loader would refuse is refused here too, where nothing is run. */
static int
check_variants(struct program *p, struct verdict *v, struct ke_err *e)
{
	for (size_t i = 0; i < p->n_variants && v->status == KE_PASS; i++) {
		struct ke_buf b = {0};
		int status = ke_file_read(p->variants[i].so, OBJECT_MAX, &b, e);

		if (status == 0 &&
		    check(p, &b, &p->variants[i].parts, v) == 0 &&
		    note_kernels(p, &b, v) == 0)
			note_parts(p, &p->variants[i].parts);
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
	ke_unlock(lock);
	if (status == 0 && v->status == KE_PASS)
		status = check_variants(p, v, e);
	p->compile_s = ke_now() - from;
	if (status == 0 && v->status == KE_PASS && p->n_variants > 0 &&
	    stat(p->variants[0].so, &st) == 0)
		p->code_bytes = (size_t)st.st_size;
	return status;
}

int
program_seal(struct program *p, size_t variant, struct verdict *v,
    struct ke_err *e)
{
	const char *path = p->variants[variant].so;
	struct ke_buf b = {0};
	int fd = -1;

	if (ke_file_read(path, OBJECT_MAX, &b, e) == 0 &&
	    check(p, &b, &p->variants[variant].parts, v) == 0) {
		fd = memfd_create("ke-variant", MFD_CLOEXEC |
		    MFD_ALLOW_SEALING);
		if (fd == -1 || write(fd, b.s, b.n) != (ssize_t)b.n ||
		    lseek(fd, 0, SEEK_SET) == -1 ||
		    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK |
		    F_SEAL_GROW) == -1) {
			ke_fail(e, "%s: memfd: %s", path, strerror(errno));
			if (fd != -1)
				close(fd);
			fd = -1;
		}
	}
	ke_buf_free(&b);
	return fd;
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
