/* What ke-eval does with one record: compile, check, measure, report. */
#ifndef KE_EVAL_EVALUATE_H
#define KE_EVAL_EVALUATE_H

#include "epoch.h"

/* What all evaluations of this call have in common. */
struct settings {
	const struct target *target;
	bool full, quiet;
	int jobs, workers;
	const char *set; /* NULL: the target's own */
	uint32_t candidates; /* evaluated so far */
};

/* A candidate, what the others of its group call it, and what is found. */
struct candidate {
	cJSON *rec;
	const char *name; /* may be NULL */
	cJSON *eval; /* an empty object, to be filled */
};

/* Evaluates a group of n, at most GROUP_MAX.  -1 with the reason where the
 * system failed and nothing can be said of the candidates. */
int evaluate(struct epoch *, struct settings *, struct candidate *, size_t n,
    struct ke_err *);

/* -c: compiles every variant of check and timed cases and reports; keeps what
 * the compiler made in dir (may be NULL). */
int evaluate_compile(const struct ke_op *, const char *dtype,
    const struct settings *, const cJSON *rec, const char *dir, cJSON *eval,
    struct ke_err *);

/* -r: runs the first timed case, n executions, once. */
int evaluate_run(struct epoch *, struct settings *, const cJSON *rec,
    size_t n, cJSON *eval, struct ke_err *);

/* The environment of a result, with its key. */
cJSON *environment(const struct ke_op *, const char *dtype,
    const struct target *, const struct settings *);

/* {"id", "name"} of the operator's baseline. */
cJSON *baseline(const struct ke_op *, const struct target *);

/* A number for a candidate that none before it had: who verifies tells its
 * outputs from others' by it. */
uint32_t settings_number(struct settings *);

/* The set of timed cases. */
const char *settings_set(const struct settings *);

#endif
