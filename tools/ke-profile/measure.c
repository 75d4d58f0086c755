/* The ceilings of this machine, measured by all workers at once. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crew.h"
#include "kernels.h"
#include "measure.h"

#define PEAK_SECONDS 0.1
#define LEVEL_SECONDS 0.15
#define MEMORY_SECONDS 0.3
#define PEAK_STEPS 100000
/* that a thread moves at once, at least */
#define PASS_BYTES ((size_t)16 << 20)
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
int
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
