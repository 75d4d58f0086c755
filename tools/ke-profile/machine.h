/* The processors that we may run on. */
#ifndef KE_MACHINE_H
#define KE_MACHINE_H

#include <stddef.h>

#include "mem.h"

#define CPUS_MAX 1024
#define CACHES_MAX 4

/* A cache level: what the processors in question have of it together. */
struct cache {
	int level;
	double bytes;
};

struct machine {
	char model[128]; /* of the processor, as in /proc/cpuinfo */
	size_t n_cpus;   /* that we may run on */
	int cpus[CPUS_MAX];
};

/* 0, or -1 with the reason. */
int machine_read(struct machine *, struct ke_err *);

/* The data caches from the second level on of the first n processors,
 * smallest first; how many there are (0 where the kernel doesn't tell). */
size_t machine_caches(const struct machine *, size_t n,
    struct cache out[CACHES_MAX]);

#endif
