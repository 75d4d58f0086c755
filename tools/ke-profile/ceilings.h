/* What this machine can do at most, measured once and kept in a file. */
#ifndef KE_CEILINGS_H
#define KE_CEILINGS_H

#include <stdbool.h>

#include "json.h"
#include "machine.h"

#define LEVELS_MAX (CACHES_MAX + 1)
#define PEAKS_MAX 3

struct ceilings {
	int workers;
	size_t n_peaks, n_levels;
	/* multiply-adds in f32, two flops each, by width of the vectors,
	 * widest first */
	struct peak {
		int bits;
		double gflops;
	} peaks[PEAKS_MAX];
	struct level {
		char name[16];
		double bytes; /* 0 in the last, memory: no bound */
		double gbps;
	} levels[LEVELS_MAX];
};

/* From the file, or measured under the lock of the processors and kept.  0, or
 * -1 with the reason. */
int ceilings_get(const struct machine *, int workers, struct ceilings *,
    struct ke_err *);

/* The highest peak, and that with vectors of so many bits at most; 0 where
 * there is none. */
double ceilings_peak(const struct ceilings *);
double ceilings_peak_at(const struct ceilings *, int bits);

/* The smallest level that holds so many bytes. */
const struct level *ceilings_level(const struct ceilings *, double bytes);

/* As the file has them.  The caller deletes. */
cJSON *ceilings_json(const struct machine *, const struct ceilings *);

#endif
