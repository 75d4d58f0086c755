/* The process that candidate code runs in.  It is started anew (exec, empty
 * environment) for each candidate and holds no secret: not the seed, not the
 * expected values, not the clock.  For each segment it forks, so that nothing
 * a candidate keeps survives into the next one; the fork maps that segment's
 * buffers at addresses not used before, touches them, and waits for "go".
 *
 * Blocks are handed out by an atomic counter; worker 0 is the fork itself.
 * Between launches the workers meet at a barrier that spins, since on the
 * scale of a launch a sleep is long. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire.h"

#define PAGE ((size_t)4096)
#define VARIANTS_MAX 64
#define JUNK 0xff /* bytes of a NaN, which no sum hides */
#define SPINS 20000 /* then give the core away: a worker may lack one */

struct segment {
	struct wire_segment h;
	struct wire_region *regions;
	uint32_t *execs;
	void **address; /* of each region's data */
};

struct team {
	const struct segment *seg;
	wire_call *const *calls;
	atomic_uint_least64_t next; /* block to be handed out */
	atomic_uint arrived, round;
};

struct worker {
	struct team *team;
	unsigned index;
	void *shared;
	pthread_t thread;
};

static wire_call *const *variant_calls[VARIANTS_MAX];

static void
say(enum wire_kind kind, int status, uint64_t cpu_us, const char *why)
{
	struct wire_reply r = {.magic = WIRE_MAGIC, .kind = kind,
	    .status = status, .cpu_us = cpu_us};

	if (why != NULL)
		snprintf(r.why, sizeof(r.why), "%s", why);
	if (write(FD_REPLY, &r, sizeof(r)) != (ssize_t)sizeof(r))
		_exit(1);
}

static int
hear(void *p, size_t n)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = read(FD_COMMAND, to, n);

		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

/* One address range holds every region with an unmapped page on both sides. */
static int
map_regions(struct segment *s)
{
	size_t total = PAGE, at = PAGE;
	char *base;

	for (uint32_t i = 0; i < s->h.n_regions; i++)
		total += s->regions[i].bytes + PAGE;
	base = mmap(NULL, total, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -1;
	for (uint32_t i = 0; i < s->h.n_regions; i++) {
		const struct wire_region *r = &s->regions[i];

		if (mmap(base + at, r->bytes,
		    r->output ? PROT_READ | PROT_WRITE : PROT_READ,
		    MAP_SHARED | MAP_FIXED | MAP_POPULATE,
		    r->output ? FD_OUTPUTS : FD_INPUTS,
		    (off_t)r->offset) == MAP_FAILED)
			return -1;
		s->address[i] = base + at + r->data;
		at += r->bytes + PAGE;
	}
	return 0;
}

static void
pin(unsigned index)
{
	cpu_set_t have, one;
	unsigned seen = 0;

	if (sched_getaffinity(0, sizeof(have), &have) == -1)
		return;
	for (int c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET(c, &have) && seen++ == index) {
			CPU_ZERO(&one);
			CPU_SET(c, &one);
			sched_setaffinity(0, sizeof(one), &one);
		}
}

static void
meet(struct team *t)
{
	unsigned round = atomic_load(&t->round), spins = 0;

	if (atomic_fetch_add(&t->arrived, 1) + 1 == t->seg->h.workers) {
		atomic_store(&t->arrived, 0);
		atomic_store(&t->next, 0);
		atomic_store(&t->round, round + 1);
		return;
	}
	while (atomic_load_explicit(&t->round, memory_order_acquire) == round)
		if (++spins % SPINS == 0)
			sched_yield();
}

static void
run_blocks(struct worker *w, const struct wire_launch *l, wire_call *call,
    void *const *buffers, const int64_t *offsets)
{
	const struct wire_segment *h = &w->team->seg->h;
	uint64_t nx = l->grid[0], ny = l->grid[1], n = nx * ny * l->grid[2], i;

	while ((i = atomic_fetch_add(&w->team->next, 1)) < n) {
		struct ke_block b = {.x = (int32_t)(i % nx),
		    .y = (int32_t)(i / nx % ny), .z = (int32_t)(i / nx / ny),
		    .nx = (int32_t)nx, .ny = (int32_t)ny,
		    .nz = (int32_t)l->grid[2], .shared = w->shared,
		    .shared_bytes = l->shared};

		if (h->junk && l->shared > 0)
			memset(w->shared, i % 2 == 0 ? JUNK
			    : (int)(0x4b ^ i), l->shared);
		call(&b, buffers, offsets, h->dims);
	}
}

static void
run_all(struct worker *w)
{
	const struct segment *s = w->team->seg;
	void *buffers[WIRE_BUFFERS_MAX];

	for (uint32_t e = 0; e < s->h.n_execs; e++) {
		const uint32_t *regions = s->execs + (size_t)e * s->h.n_buffers;

		for (uint32_t b = 0; b < s->h.n_buffers; b++)
			buffers[b] = regions[b] == WIRE_NONE ? NULL
			    : s->address[regions[b]];
		for (uint32_t k = 0; k < s->h.n_launches; k++) {
			const struct wire_launch *l = &s->h.launches[k];
			wire_call *call = w->team->calls[k];

			if (l->parallel)
				run_blocks(w, l, call, buffers,
				    s->h.offsets[k]);
			else if (w->index == 0)
				call(NULL, buffers, s->h.offsets[k],
				    s->h.dims);
			meet(w->team);
		}
	}
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;

	pin(w->index);
	meet(w->team); /* all are there: ready */
	meet(w->team); /* go */
	run_all(w);
	return NULL;
}

/* Scratch of each worker, with junk in it and a guard page behind. */
static void *
new_shared(const struct segment *s)
{
	size_t most = 0, bytes;
	char *p;

	for (uint32_t k = 0; k < s->h.n_launches; k++)
		if (s->h.launches[k].shared > most)
			most = s->h.launches[k].shared;
	bytes = (most + PAGE) / PAGE * PAGE;
	p = mmap(NULL, bytes + PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		_exit(1);
	memset(p, JUNK, bytes);
	mprotect(p + bytes, PAGE, PROT_NONE);
	return p + (bytes - (most + 63) / 64 * 64);
}

/* The fork: never returns. */
static void
run_segment(struct segment *s)
{
	struct team team = {.seg = s, .calls = variant_calls[s->h.variant]};
	struct worker *w = calloc(s->h.workers, sizeof(*w));
	char go;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (w == NULL || map_regions(s) == -1)
		_exit(1);
	for (unsigned i = 0; i < s->h.workers; i++) {
		w[i] = (struct worker){.team = &team, .index = i,
		    .shared = new_shared(s)};
		if (i > 0 && pthread_create(&w[i].thread, NULL, worker_main,
		    &w[i]) != 0)
			_exit(1);
	}
	pin(0);
	meet(&team);
	say(WIRE_READY, getpid(), 0, NULL);
	if (hear(&go, 1) == -1)
		_exit(1);
	meet(&team);
	run_all(&w[0]);
	say(WIRE_DONE, 0, 0, NULL);
	_exit(0);
}

static int
hear_segment(struct segment *s)
{
	size_t regions, execs;

	if (hear(&s->h, sizeof(s->h)) == -1)
		return -1;
	if (s->h.magic != WIRE_MAGIC || s->h.variant >= VARIANTS_MAX ||
	    variant_calls[s->h.variant] == NULL || s->h.workers == 0)
		return -1;
	regions = s->h.n_regions * sizeof(*s->regions);
	execs = (size_t)s->h.n_execs * s->h.n_buffers * sizeof(*s->execs);
	s->regions = malloc(regions + 1);
	s->execs = malloc(execs + 1);
	s->address = calloc(s->h.n_regions + 1, sizeof(*s->address));
	if (s->regions == NULL || s->execs == NULL || s->address == NULL)
		return -1;
	if (hear(s->regions, regions) == -1 || hear(s->execs, execs) == -1)
		return -1;
	return 0;
}

static void
load_variants(int n)
{
	for (int i = 0; i < n && i < VARIANTS_MAX; i++) {
		char path[64];
		void *so;

		snprintf(path, sizeof(path), "/proc/self/fd/%d",
		    FD_VARIANTS + i);
		so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (so == NULL) {
			say(WIRE_LOADED, 1, 0, dlerror());
			_exit(1);
		}
		variant_calls[i] = dlsym(so, WIRE_CALLS);
		close(FD_VARIANTS + i);
	}
	say(WIRE_LOADED, 0, 0, NULL);
}

int
runner_main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	load_variants(argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0);
	for (;;) {
		struct segment s = {0};
		struct rusage use = {0};
		pid_t pid;
		int status = 0;

		if (hear_segment(&s) == -1)
			return 0;
		pid = fork();
		if (pid == 0)
			run_segment(&s);
		while (pid != -1 && wait4(pid, &status, 0, &use) == -1 &&
		    errno == EINTR)
			continue;
		say(WIRE_EXITED, pid == -1 ? -1 : status,
		    (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) *
		    1000000u +
		    (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec),
		    NULL);
		free(s.regions);
		free(s.execs);
		free(s.address);
	}
}
