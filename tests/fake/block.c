/* Threads of a block as fibers.  A fiber runs one thread after the other until
 * one has to wait; then the next fiber goes on with the rest.  So a kernel
 * whose threads wait for nobody costs a call per thread. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "block.h"

#define STACK ((size_t)64 << 10)

#ifdef __clang__
#define OPAQUE __attribute__((noinline, optnone))
#else
#define OPAQUE __attribute__((noipa))
#endif

enum state { READY, AT_BLOCK, AT_WARP, DONE };

struct fake_device fake;

/* Where to go on.  The compiler's own: setjmp(3) takes ten times as long, and a
 * comparison of the harness's is half a million of them. */
struct place {
	void *word[5];
};

static struct fiber {
	struct place at;
	bool made;
} fibers[BLOCK_THREADS];
static char *stacks;
static unsigned idle[BLOCK_THREADS], n_idle;

static struct {
	void (*call)(void **);
	void **args;
	unsigned n, next, done;
	unsigned thread, fiber; /* that run now */
	enum state state[BLOCK_THREADS];
	unsigned fiber_of[BLOCK_THREADS];
	/* what a lane gives, and what those gave that were last let go on */
	char mine[BLOCK_THREADS][FAKE_VALUE], shown[BLOCK_THREADS][FAKE_VALUE];
	unsigned long long lanes[BLOCK_THREADS]; /* these, by a warp's first */
	struct place scheduler;
} b;

/* Not in the function that the place is in. */
static OPAQUE void
jump(struct place *there)
{
	__builtin_longjmp(there->word, 1);
}

/* Goes on at the other place; returns when somebody comes back to this one,
 * with all that others changed: nothing may be inferred from what is here. */
static OPAQUE void
leave(struct place *here, struct place *there)
{
	if (__builtin_setjmp(here->word) == 0)
		jump(there);
}

static void
become(unsigned thread)
{
	b.thread = thread;
	fake.thread.x = thread % fake.threads.x;
	fake.thread.y = thread / fake.threads.x % fake.threads.y;
	fake.thread.z = thread / fake.threads.x / fake.threads.y;
}

static void
fiber_main(void)
{
	for (;;) {
		unsigned self = b.fiber;

		while (b.next < b.n) {
			unsigned t = b.next++;

			become(t);
			b.fiber_of[t] = self;
			b.call(b.args);
			b.state[b.thread] = DONE;
			b.done++;
		}
		idle[n_idle++] = self;
		leave(&fibers[self].at, &b.scheduler);
	}
}

/* A new one comes back to the scheduler as all do, and never to here. */
static OPAQUE void
make(unsigned fiber)
{
	static ucontext_t to, back;

	fibers[fiber].made = true;
	getcontext(&to);
	to.uc_stack.ss_sp = stacks + fiber * STACK;
	to.uc_stack.ss_size = STACK;
	to.uc_link = NULL;
	makecontext(&to, fiber_main, 0);
	if (__builtin_setjmp(b.scheduler.word) == 0)
		swapcontext(&back, &to);
}

static void
resume(unsigned fiber)
{
	b.fiber = fiber;
	if (fibers[fiber].made)
		leave(&b.scheduler, &fibers[fiber].at);
	else
		make(fiber);
}

static void
wait_as(enum state s)
{
	unsigned thread = b.thread, self = b.fiber;

	b.state[thread] = s;
	leave(&fibers[self].at, &b.scheduler);
	become(thread);
}

static void
sync_block(void)
{
	wait_as(AT_BLOCK);
}

static void
sync_warp(void)
{
	wait_as(AT_WARP);
}

static const char *
exchange(const void *mine, unsigned bytes, unsigned long long *lanes)
{
	unsigned first = b.thread / block_warp * block_warp;

	memcpy(b.mine[b.thread], mine, bytes);
	wait_as(AT_WARP);
	*lanes = b.lanes[first];
	return b.shown[first];
}

/* Those of [from, to) that are there go on. */
static void
let_go(unsigned from, unsigned to, enum state where)
{
	if (where == AT_WARP)
		b.lanes[from] = 0;
	for (unsigned t = from; t < to; t++) {
		if (b.state[t] != where)
			continue;
		b.state[t] = READY;
		if (where == AT_WARP) {
			memcpy(b.shown[t], b.mine[t], FAKE_VALUE);
			b.lanes[from] |= 1ull << (t - from);
		}
	}
}

/* ... if all are there that haven't ended, and, where some may be missing,
 * wait for the block. */
static bool
release(unsigned from, unsigned to, enum state where, enum state missing)
{
	bool any = false;

	for (unsigned t = from; t < to; t++) {
		if (b.state[t] != where && b.state[t] != DONE &&
		    b.state[t] != missing)
			return false;
		any = any || b.state[t] == where;
	}
	if (any)
		let_go(from, to, where);
	return any;
}

static bool
release_warps(enum state missing)
{
	bool any = false;

	for (unsigned w = 0; w < b.n; w += block_warp)
		any = release(w, w + block_warp < b.n ? w + block_warp : b.n,
		    AT_WARP, missing) || any;
	return any;
}

/* Where nothing else goes on, lanes that exchange in a branch do so without
 * those that wait behind it. */
static bool
release_all(void)
{
	bool any = release_warps(DONE);

	return release(0, b.n, AT_BLOCK, DONE) || any ||
	    release_warps(AT_BLOCK);
}

/* A fault leaves fibers in the middle: nobody returns to them. */
static void
start(void)
{
	if (stacks == NULL)
		stacks = mmap(NULL, BLOCK_THREADS * STACK, PROT_READ |
		    PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (stacks == MAP_FAILED)
		abort();
	if (n_idle == 0)
		for (n_idle = 0; n_idle < BLOCK_THREADS; n_idle++)
			idle[n_idle] = BLOCK_THREADS - 1 - n_idle;
	fake.sync = sync_block;
	fake.warp = sync_warp;
	fake.exchange = exchange;
}

void
block_run(void (*call)(void **), void **args)
{
	start();
	b.call = call;
	b.args = args;
	b.n = fake.threads.x * fake.threads.y * fake.threads.z;
	b.next = b.done = 0;
	memset(b.state, 0, sizeof(b.state));
	while (b.next < b.n)
		resume(idle[--n_idle]);
	while (b.done < b.n) {
		if (!release_all())
			for (;;)
				pause();
		for (unsigned t = 0; t < b.n; t++)
			if (b.state[t] == READY)
				resume(b.fiber_of[t]);
	}
}
