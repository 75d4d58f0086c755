/* One segment of one side, from poison to verdict: lays out the outputs, runs,
 * has them verified. */
#ifndef KE_EVAL_PLAY_H
#define KE_EVAL_PLAY_H

#include "epoch.h"
#include "verifier.h"

struct play {
	struct epoch *epoch;
	struct side *side;
	const struct fitted *fitted; /* how the side runs this case */
	size_t layout, slot;         /* first slot; then the next ones */
	size_t n_execs, n_slots;     /* executions go round the slots */
	bool absolute;               /* inputs: the absolute ones */
	bool junk;                   /* refill scratch before each block */
	double deadline_s;
};

/* Runs it, as its epoch's target does: ran->seconds is for all executions.  -1
 * with a verdict, or, where the verdict is KE_PASS, with the reason in e. */
int play_run(const struct play *, struct ran *, struct verdict *,
    struct ke_err *);

/* The same on the cpu target. */
int play_run_cpu(const struct play *, struct ran *, struct verdict *,
    struct ke_err *);
int play_verify_cpu(const struct play *, enum question, uint32_t candidate,
    struct answer *worst, struct ke_err *);

/* Whether each execution has inputs and outputs of its own, or all have those
 * of one slot. */
bool play_has_own(const struct play *);

/* A key that nobody knows. */
uint64_t play_secret(void);

/* Where execution exec of the play that just ran left its outputs: y[] by
 * tensor, NULL where there is none. */
int play_outputs(const struct play *, size_t exec, void *y[KE_TENSORS_MAX],
    struct ke_err *);

/* Has every execution of the play that just ran verified, in order. worst
 * keeps the largest ratio and rms per output. */
int play_verify(const struct play *, enum question, uint32_t candidate,
    struct answer *worst, struct ke_err *);

#endif
