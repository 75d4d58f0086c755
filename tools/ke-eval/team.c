/* The workers of one segment.
 *
 * Blocks are handed out by an atomic counter; worker 0 is the segment's main
 * thread.  Between launches the workers meet at a barrier that spins, since on
 * the scale of a launch a sleep is long.  Once they have run they wait for
 * their end without a system call that a filter would have to allow. */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "defence.h"
#include "fpu.h"
#include "team.h"

#define PAGE ((size_t)4096)
#define JUNK 0xff /* bytes of a NaN, which no sum hides */
#define SPINS 20000 /* then give the core away: a worker may lack one */

struct worker {
	struct team *team;
	unsigned index;
	void *shared;
	pthread_t thread;
};

struct team {
	const struct work *work;
	wire_call *const *calls;
	struct worker *workers;
	atomic_uint_least64_t next; /* block to be handed out */
	atomic_uint arrived, round, mode_changed;
};

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

	if (atomic_fetch_add(&t->arrived, 1) + 1 == t->work->head.workers) {
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
	const struct wire_segment *h = &w->team->work->head;
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
run_launch(struct worker *w, uint32_t k, void *const *buffers)
{
	const struct wire_segment *h = &w->team->work->head;
	const struct wire_launch *l = &h->launches[k];
	wire_call *call = w->team->calls[k];

	if (l->parallel)
		run_blocks(w, l, call, buffers, h->offsets[k]);
	else if (w->index == 0)
		call(NULL, buffers, h->offsets[k], h->dims);
}

static void
run_all(struct worker *w)
{
	const struct work *s = w->team->work;
	void *buffers[WIRE_BUFFERS_MAX];
	uint64_t mode = fpu_mode();

	for (uint32_t e = 0; e < s->head.n_execs; e++) {
		const uint32_t *regions = s->execs +
		    (size_t)e * s->head.n_buffers;

		for (uint32_t b = 0; b < s->head.n_buffers; b++)
			buffers[b] = regions[b] == WIRE_NONE ? NULL
			    : s->address[regions[b]];
		for (uint32_t k = 0; k < s->head.n_launches; k++) {
			run_launch(w, k, buffers);
			if (fpu_mode() != mode && defended(fpu))
				atomic_store(&w->team->mode_changed, 1);
			meet(w->team);
		}
	}
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	int never = 0;

	pin(w->index);
	meet(w->team); /* all are there */
	meet(w->team); /* go */
	run_all(w);
	for (;;)
		(void)syscall(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 0, NULL,
		    NULL, 0);
	return NULL;
}

/* Scratch of each worker, with junk in it and a guard page behind. */
static void *
new_shared(const struct work *s)
{
	size_t most = 0, bytes;
	char *p;

	for (uint32_t k = 0; k < s->head.n_launches; k++)
		if (s->head.launches[k].shared > most)
			most = s->head.launches[k].shared;
	bytes = (most + PAGE) / PAGE * PAGE;
	p = mmap(NULL, bytes + PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (defended(poison))
		memset(p, JUNK, bytes);
	if (defended(guard))
		mprotect(p + bytes, PAGE, PROT_NONE);
	return p + (bytes - (most + 63) / 64 * 64);
}

/* What a team has ends with its process. */
struct team *
team_start(const struct work *s)
{
	struct team *t = calloc(1, sizeof(*t));
	struct worker *w = calloc(s->head.workers, sizeof(*w));

	if (t == NULL || w == NULL) {
		free(t);
		free(w);
		return NULL;
	}
	t->work = s;
	t->workers = w;
	for (unsigned i = 0; i < s->head.workers; i++) {
		w[i] = (struct worker){.team = t, .index = i,
		    .shared = new_shared(s)};
		if (w[i].shared == NULL || (i > 0 && pthread_create(
		    &w[i].thread, NULL, worker_main, &w[i]) != 0))
			_exit(1);
	}
	pin(0);
	meet(t);
	return t;
}

int
team_run(struct team *t, wire_call *const *calls)
{
	t->calls = calls;
	meet(t);
	run_all(&t->workers[0]);
	return (int)atomic_load(&t->mode_changed);
}
