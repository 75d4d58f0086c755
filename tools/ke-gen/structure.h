/* New texts made of old ones, without a model: compiler flags, specialisation
 * by case and by constants, launch bounds, and crossovers of plans. */
#ifndef STRUCTURE_H
#define STRUCTURE_H

#include "history.h"
#include "rng.h"

/* What is proposed: a point of a space, which is not yet the run's, and what
 * was done, in words.  The caller frees words. */
struct structured {
	struct space *space;
	struct point point;
	struct ke_buf words;
};

/* One move from the text of parent, whose own choice and second parent stand
 * in context: to a text whose plan parses and resolves for all cases, and
 * which, if the run knows it, has not only failed.  The point is not known.
 * False where none was found. */
bool structure_next(struct run *, struct space *parent, const cJSON *context,
    struct rng *, struct structured *);

/* Has the context a second parent that says something else than parent? */
bool structure_crosses(const struct space *parent, const cJSON *context);

#endif
