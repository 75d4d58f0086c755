/* One record on its way through the passes. */
#ifndef KE_PROFILE_H
#define KE_PROFILE_H

#include "ceilings.h"
#include "json.h"
#include "kept.h"
#include "machine.h"
#include "op.h"

/* What is found out once for many records. */
struct session {
	struct machine machine;
	struct ceilings ceilings; /* the last ones used; workers 0: none */
	struct ke_op *op;         /* the last one used, or NULL */
	struct kept kept;
};

/* What the passes share while they look at one record.  Each writes its own
 * members of profile and no other's. */
struct job {
	struct session *session;
	const cJSON *rec, *eval;
	cJSON *profile;
	char *request; /* the candidate as a record for ke-eval, or NULL */
	char *dir;     /* where ke-eval left what it built, or NULL */
	char *unbuilt; /* why it left nothing, or NULL */
	int workers;
};

/* 0, or -1 with the reason why the pass found nothing. */
int pass_compile(struct job *, struct ke_err *);
int pass_mix(struct job *, struct ke_err *);
int pass_counters(struct job *, struct ke_err *);
int pass_roofline(struct job *, struct ke_err *);
int pass_bottleneck(struct job *, struct ke_err *);

/* Can the pass work on this machine?  0, or -1 with the reason. */
int compile_here(struct ke_err *);
int mix_here(struct ke_err *);
int counters_here(struct ke_err *);
int roofline_here(struct ke_err *);

#endif
