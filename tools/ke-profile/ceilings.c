/* What this machine can do at most, measured once and kept in a file whose
 * name is a hash of what the numbers hold for.  The file is read again once
 * the lock is held: whoever had it may have measured the same. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ceilings.h"
#include "crew.h"
#include "file.h"
#include "hash.h"
#include "kernels.h"
#include "lock.h"

#define PEAK_SECONDS 0.1
#define LEVEL_SECONDS 0.15
#define MEMORY_SECONDS 0.3
#define PEAK_STEPS 100000
#define PASS_BYTES ((size_t)16 << 20) /* at least, that a thread moves at once */
#define MEMORY_MIN ((size_t)96 << 20)
#define MEMORY_MAX ((size_t)1536 << 20)

/* One thread's three arrays of n floats, and how often it goes through them. */
struct share {
	const struct kernels *k;
	float *a, *b, *c;
	size_t n, times;
	bool touched;
};

static void
run_peak(void *arg)
{
	const struct share *s = arg;

	s->k->peak(s->n);
}

/* The first run writes every page, from where the thread is: a page that was
 * only read is the one page of zeros. */
static void
run_triad(void *arg)
{
	struct share *s = arg;

	if (!s->touched)
		for (size_t i = 0; i < 3 * s->n; i++)
			s->a[i] = 1;
	s->touched = true;
	for (size_t i = 0; i < s->times; i++)
		s->k->triad(s->a, s->b, s->c, s->n);
}

/* seconds for run() by all workers, each with a copy of proto whose arrays, if
 * it has n floats each, start at base. */
static double
time_shares(const struct machine *m, int workers, const struct share *proto,
    float *base, void (*run)(void *), double seconds)
{
	size_t n = (size_t)workers;
	struct share *shares = ke_calloc(n, sizeof(*shares));
	void **args = ke_calloc(n, sizeof(*args));
	struct crew_task task = {run, args, seconds};
	double best;

	for (size_t i = 0; i < n; i++) {
		shares[i] = *proto;
		args[i] = &shares[i];
		if (base == NULL)
			continue;
		shares[i].a = base + 3 * proto->n * i;
		shares[i].b = shares[i].a + proto->n;
		shares[i].c = shares[i].b + proto->n;
	}
	best = crew_best(m, n, &task);
	free(args);
	free(shares);
	return best;
}

static double
measure_peak(const struct machine *m, int workers, const struct kernels *k)
{
	const struct share proto = {.k = k, .n = PEAK_STEPS};
	double t = time_shares(m, workers, &proto, NULL, run_peak,
	    PEAK_SECONDS);

	return 2.0 * PEAK_STEPS * PEAK_CHAINS * k->bits / 32 * workers / t *
	    1e-9;
}

/* GB/s of a triad through so many bytes in all, or -1 with the reason. */
static double
measure_triad(const struct machine *m, int workers, size_t bytes,
    double seconds, const struct kernels *k, struct ke_err *e)
{
	size_t n = bytes / (size_t)workers / (3 * sizeof(float)) / 16 * 16;
	size_t pass = 3 * sizeof(float) * n;
	struct share proto = {.k = k, .n = n,
	    .times = pass < PASS_BYTES ? PASS_BYTES / pass : 1};
	size_t all = pass * (size_t)workers;
	void *p = mmap(NULL, all, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double t;

	if (p == MAP_FAILED)
		return ke_fail(e, "%zu bytes: %s", all, strerror(errno));
	(void)madvise(p, all, MADV_HUGEPAGE);
	t = time_shares(m, workers, &proto, p, run_triad, seconds);
	munmap(p, all);
	return (double)all * (double)proto.times / t * 1e-9;
}

/* Four times the last cache, within bounds and a quarter of the memory. */
static size_t
memory_bytes(double last_cache)
{
	double all = (double)sysconf(_SC_PHYS_PAGES) *
	    (double)sysconf(_SC_PAGESIZE);
	double want = 4 * last_cache;

	if (want < (double)MEMORY_MIN)
		want = (double)MEMORY_MIN;
	if (want > (double)MEMORY_MAX)
		want = (double)MEMORY_MAX;
	return (size_t)(want < all / 4 ? want : all / 4);
}

static int
measure_level(const struct machine *m, struct ceilings *c, const char *name,
    double holds, size_t bytes, const struct kernels *k, struct ke_err *e)
{
	struct level *l = &c->levels[c->n_levels++];

	snprintf(l->name, sizeof(l->name), "%s", name);
	l->bytes = holds;
	l->gbps = measure_triad(m, c->workers, bytes,
	    holds > 0 ? LEVEL_SECONDS : MEMORY_SECONDS, k, e);
	return l->gbps < 0 ? -1 : 0;
}

/* A cache is measured with half of it, and only where that is more than what
 * the level below holds. */
static int
measure(const struct machine *m, struct ceilings *c, struct ke_err *e)
{
	const struct kernels *k[KERNELS_MAX];
	struct cache caches[CACHES_MAX];
	size_t n = machine_caches(m, (size_t)c->workers, caches);
	double below = 0;

	c->n_peaks = kernels_here(k);
	for (size_t i = 0; i < c->n_peaks; i++)
		c->peaks[i] = (struct peak){k[i]->bits,
		    measure_peak(m, c->workers, k[i])};
	for (size_t i = 0; i < n; i++) {
		char name[16];

		if (caches[i].bytes / 2 <= below)
			continue;
		snprintf(name, sizeof(name), "L%d", caches[i].level);
		below = caches[i].bytes;
		if (measure_level(m, c, name, below, (size_t)(below / 2),
		    k[0], e) == -1)
			return -1;
	}
	return measure_level(m, c, "memory", 0, memory_bytes(below), k[0],
	    e);
}

static cJSON *
peak_json(const struct peak *p)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set_number(o, "bits", p->bits);
	ke_json_set_number(o, "gflops", p->gflops);
	return o;
}

static cJSON *
level_json(const struct level *l)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set_string(o, "name", l->name);
	if (l->bytes > 0)
		ke_json_set_number(o, "bytes", l->bytes);
	ke_json_set_number(o, "gbps", l->gbps);
	return o;
}

cJSON *
ceilings_json(const struct machine *m, const struct ceilings *c)
{
	cJSON *o = cJSON_CreateObject(), *peaks = cJSON_CreateArray();
	cJSON *levels = cJSON_CreateArray();

	ke_json_set_string(o, "tool", "ke-profile " KE_VERSION);
	ke_json_set_string(o, "cpu", m->model);
	ke_json_set_number(o, "cpus", (double)m->n_cpus);
	ke_json_set_number(o, "workers", c->workers);
	for (size_t i = 0; i < c->n_peaks; i++)
		cJSON_AddItemToArray(peaks, peak_json(&c->peaks[i]));
	for (size_t i = 0; i < c->n_levels; i++)
		cJSON_AddItemToArray(levels, level_json(&c->levels[i]));
	ke_json_set(o, "peaks", peaks);
	ke_json_set(o, "levels", levels);
	return o;
}

static int
peaks_read(const cJSON *array, struct ceilings *c)
{
	const cJSON *p;

	cJSON_ArrayForEach(p, array) {
		struct peak *to = &c->peaks[c->n_peaks];

		if (c->n_peaks == PEAKS_MAX)
			return -1;
		c->n_peaks++;
		to->bits = (int)ke_json_number(p, "bits", 0);
		to->gflops = ke_json_number(p, "gflops", 0);
		if (!(to->gflops > 0))
			return -1;
	}
	return c->n_peaks > 0 ? 0 : -1;
}

static int
levels_read(const cJSON *array, struct ceilings *c)
{
	const cJSON *l;

	cJSON_ArrayForEach(l, array) {
		struct level *to = &c->levels[c->n_levels];
		const char *name = ke_json_string(l, "name");

		if (c->n_levels == LEVELS_MAX || name == NULL)
			return -1;
		c->n_levels++;
		snprintf(to->name, sizeof(to->name), "%s", name);
		to->bytes = ke_json_number(l, "bytes", 0);
		to->gbps = ke_json_number(l, "gbps", 0);
		if (!(to->gbps > 0))
			return -1;
	}
	return c->n_levels > 0 && c->levels[c->n_levels - 1].bytes == 0 ? 0
	    : -1;
}

/* What ceilings_json made; -1 for a file that is damaged. */
static int
from_json(const cJSON *o, struct ceilings *c)
{
	c->n_peaks = c->n_levels = 0;
	if (peaks_read(ke_json_array(o, "peaks"), c) == -1)
		return -1;
	return levels_read(ke_json_array(o, "levels"), c);
}

/* The file's path, of everything that the numbers depend on. */
static char *
ceilings_path(const struct machine *m, int workers, struct ke_err *e)
{
	char *dir = ke_cache_dir("ceilings", e), hex[KE_SHA256_HEX];
	struct ke_buf key = {0}, path = {0};

	if (dir == NULL)
		return NULL;
	ke_buf_fmt(&key, "%s %s %d %zu", KE_VERSION, m->model, workers,
	    m->n_cpus);
	for (size_t i = 0; i < m->n_cpus; i++)
		ke_buf_fmt(&key, " %d", m->cpus[i]);
	ke_sha256_hex(key.s, key.n, hex);
	ke_buf_fmt(&path, "%s/%.32s.json", dir, hex);
	ke_buf_free(&key);
	free(dir);
	return path.s;
}

static int
ceilings_read(const char *path, struct ceilings *c)
{
	struct ke_buf b = {0};
	struct ke_err e;
	cJSON *o = NULL;
	int status = -1;

	if (ke_file_read(path, 1 << 20, &b, &e) == 0)
		o = ke_json_parse(b.s, b.n, &e);
	if (o != NULL)
		status = from_json(o, c);
	cJSON_Delete(o);
	ke_buf_free(&b);
	return status;
}

static int
ceilings_write(const char *path, const struct machine *m,
    const struct ceilings *c, struct ke_err *e)
{
	cJSON *o = ceilings_json(m, c);
	char *text = ke_json_print(o);
	int status = ke_file_write(path, text, strlen(text), e);

	free(text);
	cJSON_Delete(o);
	return status;
}

int
ceilings_get(const struct machine *m, int workers, struct ceilings *c,
    struct ke_err *e)
{
	char *path = ceilings_path(m, workers, e);
	int status = 0, lock;

	*c = (struct ceilings){.workers = workers};
	if (path == NULL)
		return -1;
	if (ceilings_read(path, c) == 0)
		goto out;
	status = -1;
	lock = ke_lock_cpu(true, e);
	if (lock == -1)
		goto out;
	if (ceilings_read(path, c) == 0) {
		status = 0;
	} else {
		*c = (struct ceilings){.workers = workers};
		status = measure(m, c, e);
		if (status == 0)
			status = ceilings_write(path, m, c, e);
	}
	ke_unlock_cpu(lock);
out:
	free(path);
	return status;
}

const struct level *
ceilings_level(const struct ceilings *c, double bytes)
{
	size_t i = 0;

	while (i + 1 < c->n_levels && bytes > c->levels[i].bytes)
		i++;
	return &c->levels[i];
}

double
ceilings_peak(const struct ceilings *c)
{
	double best = 0;

	for (size_t i = 0; i < c->n_peaks; i++)
		if (c->peaks[i].gflops > best)
			best = c->peaks[i].gflops;
	return best;
}

double
ceilings_peak_at(const struct ceilings *c, int bits)
{
	for (size_t i = 0; i < c->n_peaks; i++)
		if (c->peaks[i].bits <= bits)
			return c->peaks[i].gflops;
	return 0;
}
