/* The machine's state, as far as it says what a time is worth. */
#ifndef KE_EVAL_STATE_H
#define KE_EVAL_STATE_H

#include "json.h"

/* One reading.  What the system doesn't tell is NaN. */
struct state {
	double now_s, load, probe_s;
	double ticks, stolen;  /* of all processors, since the start */
	double waited_us;      /* in which some task waited for a processor */
	double swapped;        /* pages, in and out */
	double throttled;      /* times that heat slowed a core */
};

/* Reads what changes; paths are below root, "" but in tests. */
void state_read(struct state *, const char *root);

/* Adds to env what two readings say of the time between them: load_1m,
 * waiting, steal, swapped_pages, thermal_throttles, probe_us. */
void state_between(cJSON *env, const struct state *, const struct state *);

/* Adds what doesn't change while we run: governor, boost, mhz_limit, mhz_max,
 * smt_shared, of the processors that so many workers use. */
void state_settings(cJSON *env, const char *root, int workers);

/* The energy in J that the processors' packages have used since a time of their
 * own, which wraps; NaN where the system doesn't tell (RAPL). */
double state_joules(const char *root);

/* What was used between two such readings; NaN if the count has wrapped. */
double state_spent(double from, double to);

/* Adds to eval the flags of what makes its result doubtful, from the record
 * alone: eval.env, and times near the floor. */
void state_flags(cJSON *eval);

#endif
