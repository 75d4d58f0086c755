/* Pinned threads that do the same thing at the same time, against a clock. */
#ifndef KE_CREW_H
#define KE_CREW_H

#include "machine.h"

struct crew_task {
	/* One thread's share; arg is its own. */
	void (*run)(void *arg);
	void *const *args; /* one per thread */
	double seconds;    /* that this may take in all, after a first run */
};

/* The shortest time in which all n threads, on the machine's processors in
 * turn, did run() once.  Where there are no threads to be had, the program
 * ends with 111. */
double crew_best(const struct machine *, size_t n, const struct crew_task *);

#endif
