/* What is wrong with the parent, from its evaluation and profile. */
#ifndef DIAGNOSIS_H
#define DIAGNOSIS_H

#include "json.h"

struct diagnosis {
	unsigned concerns;  /* empty where nothing was measured yet */
	bool failed;        /* the parent did not pass */
	struct ke_buf text; /* one line, for people and for models */
	struct ke_buf words; /* what to look for in documents, */
	struct ke_buf more;  /* and what besides, where there is room */
};

/* parent (may be NULL) is context.parent.  The caller frees. */
void diagnose(struct diagnosis *, const cJSON *parent);
void diagnosis_free(struct diagnosis *);

#endif
