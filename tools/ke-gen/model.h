/* What the measured points of a space say of those that weren't measured. */
#ifndef MODEL_H
#define MODEL_H

#include "space.h"

/* A Gaussian process over the log of the score.  Its covariance is a part that
 * adds the tunables' own effects and a part in which all of them interact;
 * neighbouring values of a tunable are alike.  A point that failed counts as
 * worse than any that passed, one without a result as average. */
#define MODEL_STEPS 64 /* values further apart have nothing in common */
struct model {
	const struct space *space;
	size_t n; /* points it is made of */
	const struct point **points;
	double *factor; /* lower Cholesky factor, n by n */
	double *weights, *scratch;
	double best; /* standardised, of what passed */
	double alike[MODEL_STEPS]; /* values of a tunable, by steps between */
	double share; /* of the part that adds */
	struct { /* per value of a tunable: how often */
		uint32_t *passed, *failed;
	} count[KE_TUNE_MAX];
};

void model_fit(struct model *, const struct space *);
void model_free(struct model *);

/* The expected improvement over the best point, in standard deviations of
 * what passed; a value that only ever failed costs nine tenths of it. */
double model_promise(const struct model *, const struct point *);

#endif
