/* What a kernel can run on: how it is compiled, run, verified and timed. */
#ifndef KE_EVAL_TARGET_H
#define KE_EVAL_TARGET_H

#include <stdlib.h>

#include "toolchain.h"
#include "verifier.h"

struct play;
struct race;
struct ran;

/* How a case is timed in one effort. */
struct pace {
	size_t pilot, least, most; /* rounds */
	double precision; /* half-width of the logarithm's interval */
	double segment_s; /* one segment lasts so long, if there are slots */
	double case_s;    /* for one case and candidate */
	size_t parts;     /* of a sample, with pages of their own; 0: one */
};

struct target {
	const char *name;    /* cpu, cuda */
	const struct toolchain *toolchain;
	const char *base;    /* the baseline's file */
	const char *set;     /* of timed cases, where none is named */
	int epoch;           /* candidates that share one in quick effort */
	double segments_bytes; /* of outputs in one segment, at most */
	size_t queue; /* executions times launches in one, at most */
	struct pace pace[2]; /* quick, full */
	/* Alone with it, or together with others who compile: a lock as of
	 * lock.h. */
	int (*lock)(bool exclusive, struct ke_err *);
	/* How many distinct inputs a timed case has. */
	size_t (*slots)(const struct epoch *, const struct layout *);
	/* Starts what verifies, once the inputs are drawn. */
	int (*open)(struct epoch *, struct verdict *, struct ke_err *);
	void (*close)(struct epoch *);
	/* Makes a side ready to run; ends that. */
	int (*start)(struct epoch *, struct side *, struct verdict *,
	    struct ke_err *);
	void (*stop)(struct epoch *, struct side *);
	/* Gives a side that is ready a new process and new pages; may be
	 * NULL. */
	int (*renew)(struct epoch *, struct side *, struct verdict *,
	    struct ke_err *);
	/* As play_run() and play_verify(). */
	int (*run)(const struct play *, struct ran *, struct verdict *,
	    struct ke_err *);
	int (*verify)(const struct play *, enum question, uint32_t candidate,
	    struct answer *, struct ke_err *);
	/* How long a loop of known length takes; NULL where a segment itself
	 * tells. */
	double (*probe)(void);
	/* Less than this no real work takes, in us. */
	double (*floor_us)(const struct race *);
	/* Do the clocks disagree about an entrant?  Then a verdict. */
	void (*doubt)(const struct race *, size_t entrant, struct verdict *);
	/* Adds what of the machine a time depends on, and it alone. */
	void (*describe)(cJSON *env, struct ke_buf *key, int workers);
	/* Adds the state of the device now; may be NULL. */
	void (*state)(struct epoch *, cJSON *env);
};

extern const struct target target_cpu, target_cuda;

/* By name; of "cuda:sm_90" the part before the colon counts, and the rest is
 * the architecture.  NULL where there is none. */
const struct target *target_find(const char *name);

/* Is it usable?  0; -1 with the reason. */
int target_probe(const struct target *, struct ke_err *);

#endif
