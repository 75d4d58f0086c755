/* What is expanded next. */
#ifndef KE_SELECT_DECIDE_H
#define KE_SELECT_DECIDE_H

#include "policy.h"

struct decision {
	struct flight flight; /* its xid, phase, node and draft */
	struct choice choice;
	const char *memory;
};

/* A confirmation of the node. */
void decide_confirm(struct search *, uint32_t node, struct decision *);
/* A draft, a repair, or what the policy chooses. */
void decide_new(struct search *, struct decision *);

/* The expansion as a record.  The caller deletes. */
cJSON *decision_json(const struct search *, const struct decision *);

#endif
