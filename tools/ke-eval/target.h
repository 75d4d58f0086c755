/* What a kernel can run on: how it is compiled, run, verified and timed. */
#ifndef KE_EVAL_TARGET_H
#define KE_EVAL_TARGET_H

#include <stdlib.h>

#include "accept.h"
#include "toolchain.h"
#include "verifier.h"

struct gpu_vendor;
struct play;
struct race;
struct ran;

/* How a case is timed in one effort. */
struct pace {
	size_t pilot, least, most; /* rounds */
	double precision; /* half-width of the logarithm's interval */
	double segment_s; /* one segment lasts so long, if there are slots */
	double case_s;    /* for one case and candidate */
	size_t parts;     /* of a sample, at least, with pages of their own;
	                   * 0: one */
	bool processes;   /* and with processes of their own */
};

struct target {
	const char *name;    /* cpu, cuda, hip */
	const struct gpu_vendor *vendor;   /* of a GPU, or NULL */
	const struct toolchain *toolchain; /* of the baseline, and of most */
	const struct toolchain *other;     /* of another language, or NULL */
	const char *base;    /* the baseline's file */
	const char *set;     /* of timed cases, where none is named */
	int epoch;           /* candidates that share one in quick effort */
	double segments_bytes; /* of outputs in one segment, at most */
	size_t queue; /* executions times launches in one, at most */
	struct pace pace[2]; /* quick, full */
	/* Alone with it, or together with others who compile: a lock as of
	 * lock.h. */
	int (*lock)(const struct target *, bool exclusive, struct ke_err *);
	/* How many distinct inputs a timed case has. */
	size_t (*slots)(const struct epoch *, const struct layout *);
	/* Starts what verifies, once the inputs are drawn. */
	int (*open)(struct epoch *, struct verdict *, struct ke_err *);
	void (*close)(struct epoch *);
	/* Makes a side ready to run; ends that. */
	int (*start)(struct epoch *, struct side *, struct verdict *,
	    struct ke_err *);
	void (*stop)(struct epoch *, struct side *);
	/* Gives a side that is ready new pages, and if so asked a new process;
	 * may be NULL. */
	int (*renew)(struct epoch *, struct side *, bool process,
	    struct verdict *, struct ke_err *);
	/* As play_run() and play_verify(). */
	int (*run)(const struct play *, struct ran *, struct verdict *,
	    struct ke_err *);
	int (*verify)(const struct play *, enum question, uint32_t candidate,
	    struct answer *, struct ke_err *);
	/* What the outputs that a play left in a slot need of the acceptance
	 * rule's constants, by tensor, held against the reference of slot
	 * truth.  -1 with a verdict.  NULL where outputs can be looked at by
	 * ke-eval itself: play_outputs(). */
	int (*needs)(const struct play *, size_t slot, size_t truth,
	    struct accept_needs *, struct verdict *);
	/* How long a loop of known length takes; NULL where a segment itself
	 * tells. */
	double (*probe)(void);
	/* Less than this no real work takes, in us. */
	double (*floor_us)(const struct race *);
	/* Do the clocks disagree about an entrant?  Then a verdict. */
	void (*doubt)(const struct race *, size_t entrant, struct verdict *);
	/* Adds what of the machine a time depends on, and it alone. */
	void (*describe)(const struct target *, cJSON *env,
	    struct ke_buf *key, int workers);
	/* Adds the state of the device now; may be NULL. */
	void (*state)(struct epoch *, cJSON *env);
	/* The energy in J that it has used since some time; NaN where it
	 * isn't told. */
	double (*joules)(struct epoch *);
};

extern const struct target target_cpu, target_cuda, target_hip;

/* By name; of "cuda:sm_90" the part before the colon counts, and the rest is
 * the architecture.  NULL where there is none. */
const struct target *target_find(const char *name);

/* The i-th; NULL where there are no more. */
const struct target *target_at(size_t i);

/* The first that has the language; NULL where none has. */
const struct target *target_of_language(const char *);

/* What compiles a record's candidate for it: the target's own, unless the
 * record names the other language; NULL where that isn't for the target. */
const struct toolchain *target_toolchain(const struct target *,
    const cJSON *rec);

/* Is it usable?  0; -1 with the reason. */
int target_probe(const struct target *, struct ke_err *);

#endif
