/* Pinned threads that do the same thing at the same time, against a clock. */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "crew.h"
#include "spawn.h"

struct crew {
	const struct crew_task *task;
	pthread_barrier_t barrier;
	double best;
	bool stop; /* written by the first member between two barriers */
};

struct member {
	struct crew *crew;
	size_t index;
	pthread_t thread;
};

static void *
work(void *arg)
{
	const struct member *me = arg;
	struct crew *c = me->crew;
	void *share = c->task->args[me->index];
	double start, end;

	c->task->run(share);
	pthread_barrier_wait(&c->barrier);
	start = end = ke_now();
	for (;;) {
		double t = end;

		c->task->run(share);
		pthread_barrier_wait(&c->barrier);
		end = ke_now();
		if (me->index == 0) {
			if (c->best == 0 || end - t < c->best)
				c->best = end - t;
			c->stop = end - start > c->task->seconds;
		}
		pthread_barrier_wait(&c->barrier);
		if (c->stop)
			return NULL;
	}
}

static void
start_member(struct member *m, int cpu)
{
	pthread_attr_t attr;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	errno = pthread_create(&m->thread, &attr, work, m);
	if (errno != 0)
		err(111, "thread");
	pthread_attr_destroy(&attr);
}

double
crew_best(const struct machine *m, size_t n, const struct crew_task *task)
{
	struct crew c = {.task = task};
	struct member *members = ke_calloc(n, sizeof(*members));

	pthread_barrier_init(&c.barrier, NULL, (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		members[i] = (struct member){.crew = &c, .index = i};
		start_member(&members[i], m->cpus[i % m->n_cpus]);
	}
	for (size_t i = 0; i < n; i++)
		pthread_join(members[i].thread, NULL);
	pthread_barrier_destroy(&c.barrier);
	free(members);
	return c.best;
}
