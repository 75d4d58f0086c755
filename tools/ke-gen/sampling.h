/* Which model is asked for a record, and how warm.
 *
 * Models are one, a mixture with weights, or a bandit.  The bandit is
 * Thompson sampling under a budget (Xia, Li, Qin, Yu and Liu, 2015): for each
 * model a chance of success is drawn from a Beta distribution, of which the
 * one and the other parameter are 1 more than the nodes that were better than
 * their parents and those that weren't; the model with the greatest chance per
 * cost of a node is asked.  What came of the models' nodes stands in the
 * record's context.models, ke-record(5): nothing of it is remembered here. */
#ifndef SAMPLING_H
#define SAMPLING_H

#include <stdint.h>

#include "json.h"

struct sampling;

struct pick {
	const char *model; /* lives as long as the sampling; NULL where open
			    * was given none */
	double temperature; /* NAN where open was given none */
};

/* models is MODEL[=WEIGHT][,MODEL[=WEIGHT]...] or bandit:MODEL,MODEL[,...],
 * temperatures T[,T...]; either may be NULL.  NULL with the reason. */
struct sampling *sampling_open(const char *models, const char *temperatures,
    int64_t seed, struct ke_err *);
void sampling_free(struct sampling *);

/* The model is drawn from the seed and the record's select.seed, or else xid:
 * the same record gets the same one whenever it comes.  The temperatures are
 * dealt in turn: by select.draft to drafts, else to a parent's records in the
 * order in which they come. */
struct pick sampling_pick(struct sampling *, const cJSON *rec);

/* The record passes without being asked for, as where it was answered before;
 * its turn at the temperatures passes with it. */
void sampling_skip(struct sampling *, const cJSON *rec);

#endif
