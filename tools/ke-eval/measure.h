/* The timing rule: candidate and baseline in interleaved segments, every
 * timed output verified. */
#ifndef KE_EVAL_MEASURE_H
#define KE_EVAL_MEASURE_H

#include "epoch.h"
#include "stats.h"
#include "verifier.h"

struct measured {
	size_t pairs, slots, execs; /* execs: per segment */
	double *ratio;              /* per pair; the caller frees */
	struct interval speedup;    /* filled in later, by joint resampling */
	double t_us, lo_us, hi_us;  /* of the candidate: median, quartiles */
	double base_us;
	double floor_us; /* less than this no real work takes */
	size_t dropped; /* pairs in which the processor was slow */
	struct answer worst;
};

/* Measures one timed case of the epoch's candidate.  0; -1 with a verdict in
 * m->worst.verdict, or, where that is KE_PASS, the reason in e. */
int measure_case(struct epoch *, size_t layout, const struct fitted *,
    struct side *, uint32_t candidate, struct measured *, struct ke_err *);

/* Seconds of a chain of dependent integer operations: about 50 us. */
double measure_probe(void);

#endif
