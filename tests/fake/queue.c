/* The device's thread, its clock and its faults.
 *
 * A launch lasts what COST says, by the events, and not what this machine needs
 * to emulate it, so that a time does not depend on who else is on the machine;
 * the emulation waits where it was faster than that. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "block.h"
#include "faults.h"
#include "queue.h"

#define COST(threads) (2e-6 + (threads) * 1e-9) /* s */
#define MHZ 1000.0
#define SHARED_BYTES ((size_t)64 << 10)

struct work {
	struct work *next;
	struct event *event; /* or a launch: */
	struct kernel *kernel;
	struct fake_three grid, block;
	void *args[64];
	char values[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct work *first, **last = &first;
static uint64_t put, done;
static int broken;
static double busy; /* s, by COST */
static bool started;
static pthread_t thread;
static sigjmp_buf escape;
static volatile sig_atomic_t running;
static uint64_t last_time;
static double mhz = MHZ; /* of an SM; a drop lasts until it was seen */
static bool clock_was_read;

int
queue_code(void)
{
	int code;

	pthread_mutex_lock(&lock);
	code = broken;
	pthread_mutex_unlock(&lock);
	return code;
}

void
queue_break(int code)
{
	pthread_mutex_lock(&lock);
	if (broken == 0)
		broken = code;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned long long
device_time(void)
{
	last_time = now_ns();
	return last_time;
}

/* Of the moment that a kernel last asked for, so that the two clocks agree
 * even where this thread had to wait between them. */
static long long
device_clock(void)
{
	clock_was_read = true;
	return (long long)((double)(last_time % 1000000000000u) * mhz / 1e3);
}

static void
trap(void)
{
	queue_fault(719);
	siglongjmp(escape, 719);
}

/* An address that isn't mapped, or is not to be written. */
static void
caught(int sig, siginfo_t *i, void *context)
{
	(void)i;
	(void)context;
	if (running && pthread_equal(pthread_self(), thread)) {
		int code = sig == SIGILL ? 715 : 700;

		queue_fault(code);
		siglongjmp(escape, code);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
catch_faults(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL};
	struct sigaction a = {.sa_sigaction = caught,
	    .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_size = (size_t)64 << 10};

	stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&stack, NULL);
	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < KE_LEN(signals); i++)
		sigaction(signals[i], &a, NULL);
}

static void
run_blocks(const struct work *w)
{
	uint64_t n = (uint64_t)w->grid.x * w->grid.y * w->grid.z;

	fake.threads = w->block;
	fake.blocks = w->grid;
	for (uint64_t i = 0; i < n; i++) {
		fake.block.x = (unsigned)(i % w->grid.x);
		fake.block.y = (unsigned)(i / w->grid.x % w->grid.y);
		fake.block.z = (unsigned)(i / w->grid.x / w->grid.y);
		block_run(w->kernel->call, (void **)(uintptr_t)w->args);
	}
}

static void
hang(void)
{
	for (;;)
		pause();
}

static void
run(const struct work *w)
{
	uint64_t from = now_ns();
	double cost = COST((double)w->grid.x * w->grid.y * w->grid.z *
	    w->block.x * w->block.y * w->block.z);
	int code = fault("run", w->kernel->name);

	mhz = fault_value("clock", w->kernel->name, mhz);
	clock_was_read = false;
	if (code == FAULT_HANG)
		hang();
	if (code == 0 && (code = sigsetjmp(escape, 1)) == 0) {
		running = 1;
		run_blocks(w);
	}
	running = 0;
	if (clock_was_read)
		mhz = MHZ;
	while ((double)(now_ns() - from) < cost * 1e9)
		;
	busy += cost;
	if (code != 0)
		queue_break(code);
}

static void
step(struct work *w)
{
	if (w->event == NULL && queue_code() == 0)
		run(w);
	pthread_mutex_lock(&lock);
	if (w->event != NULL)
		w->event->at = busy;
	done++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	free(w);
}

static void *
device(void *arg)
{
	(void)arg;
	catch_faults();
	fake.shared = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fake.trap = trap;
	fake.time = device_time;
	fake.clock = device_clock;
	for (;;) {
		struct work *w;

		pthread_mutex_lock(&lock);
		while (first == NULL)
			pthread_cond_wait(&changed, &lock);
		w = first;
		first = w->next;
		if (first == NULL)
			last = &first;
		pthread_mutex_unlock(&lock);
		step(w);
	}
	return NULL;
}

static int
queue(struct work *w)
{
	int code = 0;

	pthread_mutex_lock(&lock);
	if (!started && pthread_create(&thread, NULL, device, NULL) != 0)
		code = 2;
	started = true;
	*last = w;
	last = &w->next;
	put++;
	if (w->event != NULL)
		w->event->recorded = put;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return code;
}

int
queue_launch(struct kernel *k, const struct gpu_config *c, void **args)
{
	size_t bytes = 0, at = 0;
	struct work *w;

	for (unsigned i = 0; i < k->n_args; i++)
		bytes += (k->bytes[i] + 15) / 16 * 16;
	w = calloc(1, sizeof(*w) + bytes + 64);
	if (w == NULL)
		return 2;
	w->kernel = k;
	memcpy(&w->grid, c->grid, sizeof(w->grid));
	memcpy(&w->block, c->block, sizeof(w->block));
	for (unsigned i = 0; i < k->n_args; i++) {
		w->args[i] = w->values + at;
		memcpy(w->args[i], args[i], k->bytes[i]);
		at += (k->bytes[i] + 15) / 16 * 16;
	}
	return queue(w);
}

int
queue_record(struct event *e)
{
	struct work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return 2;
	w->event = e;
	return queue(w);
}

bool
queue_is_done(const struct event *e)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = e->recorded <= done || broken != 0;
	pthread_mutex_unlock(&lock);
	return is;
}

int
queue_wait(void)
{
	int code;

	pthread_mutex_lock(&lock);
	while (done < put)
		pthread_cond_wait(&changed, &lock);
	code = broken;
	pthread_mutex_unlock(&lock);
	return code;
}
