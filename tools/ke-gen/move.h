/* From what was measured to the next point of a space. */
#ifndef MOVE_H
#define MOVE_H

#include "rng.h"
#include "space.h"

/* Where to start from: other is NULL, or the second parent of a crossover. */
struct move {
	const struct point *from, *other;
};

/* The next point to try, valid and not known: near from, or a mix of the two,
 * chosen by what is known, now and then at random.  False where the space has
 * none left. */
bool move_next(struct space *, const struct move *, struct rng *,
    struct point *);

/* A valid point that is not known, far from those that are.  False where there
 * is none. */
bool move_draw(struct space *, struct rng *, struct point *);

#endif
