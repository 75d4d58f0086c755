/* The verifier: a process that holds the expected values, so that neither the
 * parent's clock nor a candidate shares memory with them.  It inherits the
 * epoch's inputs and both sides' output files as shared maps, and answers one
 * question at a time, about a segment.
 *
 * Two levels: check cases are compared in full with the
 * double-precision reference; for timed cases the baseline's outputs, sampled
 * against the reference, are what every output of a candidate is compared
 * with, and elements chosen after the run are compared with the reference. */
#ifndef KE_EVAL_VERIFIER_H
#define KE_EVAL_VERIFIER_H

#include "epoch.h"

enum question {
	ASK_CHECK, /* side's outputs against the reference, in full */
	ASK_BASE,  /* sampled against the reference; kept as expected */
	ASK_SCALE, /* kept as the elements' scale (run on absolute inputs) */
	ASK_TIMED, /* against what ASK_BASE kept, and samples */
};

/* Of n_execs executions, on this slot and the next ones, whose outputs lie
 * stride bytes apart. */
struct ask {
	enum question question;
	uint32_t layout, slot;
	uint32_t n_execs, n_slots;
	uint64_t stride; /* 0: all in the same place, on the same slot */
	uint32_t base;     /* whose outputs: 1 the baseline's */
	uint32_t candidate; /* its number, from 1, for determinism */
	uint64_t poison;   /* that the outputs lay in */
	uint64_t sample;   /* key of the elements to be sampled */
	struct wire_region out[WIRE_BUFFERS_MAX]; /* the first's, and its
						   * workspaces */
	uint64_t bytes[WIRE_BUFFERS_MAX]; /* 0 where there is no buffer */
};

struct answer {
	struct verdict verdict;
	double ratio[KE_TENSORS_MAX]; /* of error to bound; -1: not compared */
	double rms[KE_TENSORS_MAX];
};

struct verifier *verifier_start(struct epoch *, const char *so,
    struct ke_err *);
int verifier_ask(struct verifier *, const struct ask *, struct answer *,
    struct ke_err *);
void verifier_stop(struct verifier *);

#endif
