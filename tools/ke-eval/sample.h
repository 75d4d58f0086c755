/* What a race's segments say: series of logarithms for stats.h, and summaries
 * for the record.
 *
 * Of a pair of entrants only those blocks count in which the processor ran at
 * its usual speed around all their segments. */
#ifndef KE_EVAL_SAMPLE_H
#define KE_EVAL_SAMPLE_H

#include <cjson/cJSON.h>

#include "measure.h"
#include "stats.h"

/* The median of the probes. */
double sample_usual(const struct race *);

/* Logarithms of t_a / t_b per execution, a value a round, two a block; how
 * many.  There is room for as many as there are rounds. */
size_t sample_pairs(const struct race *, size_t a, size_t b, double *logs);

/* The same of the baseline against itself: in each block its two segments, the
 * earlier over the later and then the later over the earlier, so that a
 * steady change of the machine's speed cancels.  One value a block. */
size_t sample_noise(const struct race *, double *logs);

/* Rounds in which it, or the baseline beside it, was slowed. */
size_t sample_dropped(const struct race *, size_t entrant);
bool sample_is_slowed(const struct race *, size_t entrant);

/* The estimate of sample_pairs() and of sample_noise(). */
struct estimate sample_ratio(const struct race *, size_t a, size_t b);
struct estimate sample_floor(const struct race *);

/* Quantile of the entrant's times per execution in us, in the rounds that count
 * for the other. */
double sample_us(const struct race *, size_t entrant, size_t beside,
    double q);

/* The median processor time of one execution in us. */
double sample_cpu_us(const struct race *, size_t entrant);

/* {"candidate", "baseline", "autocorrelation"}, ke-record(5). */
cJSON *sample_json(const struct race *, size_t entrant);

#endif
