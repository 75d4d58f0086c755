/* The timing rule: the baseline and the candidates of a group in interleaved
 * segments, every timed output verified. */
#ifndef KE_EVAL_MEASURE_H
#define KE_EVAL_MEASURE_H

#include "epoch.h"
#include "verifier.h"

/* One segment. */
struct timed {
	double seconds, cpu_s, wall_s; /* of all its executions */
	double probe; /* how long a loop of known length took around it */
};

/* Who takes part in one case: the baseline, number 0, or a candidate. */
struct entrant {
	struct side *side;
	const struct fitted *fitted;
	uint32_t number; /* the candidate's */
	bool in;     /* false: not in this case */
	double mhz; /* of a GPU's SM in the last segment; 0: not known */
	size_t execs; /* per segment */
	struct timed *at; /* by round */
	struct answer worst; /* its verdict: KE_PASS, or why it dropped out */
};

/* One case measured. */
struct race {
	struct epoch *epoch;
	size_t layout, slots;
	size_t n; /* entrants, with the baseline */
	struct entrant *who;
	size_t rounds; /* whole blocks of two */
	size_t part;   /* rounds after which all sides are renewed; 0: never */
	double usual;  /* probe */
	double slowness; /* of the baseline: 1, or how many times its best */
};

/* Measures one timed case; the entrants 1 to n - 1 are filled in up to in, the
 * baseline and the rest here.  A candidate that fails drops out and the others
 * go on.  0; -1 with the reason where the system failed. */
int measure_case(struct race *, struct ke_err *);
void race_close(struct race *);

/* Seconds of a chain of dependent integer operations: about 50 us, interrupts
 * left out. */
double measure_probe(void);

/* Is the entrant in, and has it passed? */
bool race_has(const struct race *, size_t entrant);

#endif
