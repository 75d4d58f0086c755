/* Candidates of one operator and dtype that are evaluated together: each is
 * compiled and checked by itself, and those that pass are timed in one
 * interleaved run with the baseline.  A group of one is an evaluation. */
#ifndef KE_EVAL_GROUP_H
#define KE_EVAL_GROUP_H

#include "evaluate.h"
#include "state.h"

/* One candidate under evaluation. */
struct member {
	struct epoch *epoch;
	const struct settings *settings;
	const char *source, *name;
	uint32_t number;
	struct side side;
	struct fitted *fitted; /* per case of the epoch; variant -1: not run */
	struct verdict verdict;
	struct state before, after; /* of the machine */
	cJSON *eval, *cases;
	bool is_timed, is_done; /* began; was timed to the end */
	double compile_s, check_s, time_s; /* the last: its share */
	double joules; /* of check and time, likewise; NaN: not told */
};

/* Times those whose verdict is KE_PASS, and reports what came out: speedup,
 * score, noise, change, the timed cases; in a group versus and rank. */
int group_measure(struct member *, size_t n, struct ke_err *);

#endif
