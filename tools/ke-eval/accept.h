/* The acceptance rule (ke-op(5), TOLERANCE): is y the reference, to what
 * rounding excuses? */
#ifndef KE_EVAL_ACCEPT_H
#define KE_EVAL_ACCEPT_H

#include "draw.h"
#include "dtype.h"
#include "op.h"

/* The rule for one output of one case. */
struct rule {
	enum ke_dtype type; /* the output's */
	double u;     /* its unit roundoff */
	double spacing; /* of the type's denormals, which round to it; and no
			 * bound is ever 0 */
	double scale; /* c u_acc sqrt(n), times an element's scale */
	double norm_u, norm_acc; /* of the error's 2-norm: times that of the
				  * reference, and that of the sizes */
	double infinite; /* the least magnitude that the type can't hold */
	double terms; /* n: what a sum of n terms is, if they are about equal
		       * and their signs are random, is its scale over
		       * sqrt(n); 1 where a few outweigh the rest */
};

/* For inputs drawn so.  slack multiplies the rule: 2 where the reference itself
 * carries the error of a trusted implementation. */
struct rule accept_rule(const struct ke_tolerance *, enum ke_dtype out,
    double reduction, enum draw_kind, double slack);

/* The constants that it takes to accept n elements, got[i] for ref[i] with a
 * scale of scale[i]. */
struct accept_needs {
	double c, c2;
};
struct accept_needs accept_needs(const struct ke_tolerance *,
    enum ke_dtype out, double reduction, enum draw_kind, const double *got,
    const double *ref, const double *scale, int64_t n);

struct compared {
	double ratio; /* largest error over its bound */
	double rms;   /* ||y - ref|| / ||ref|| */
	double bias;  /* |mean error| over a quarter of the mean bound */
	int64_t worst; /* element of the largest ratio, or of a mismatch; -1 */
	double got, want;
	int mismatch; /* NaN, infinity or integer that is another */
};

struct sums {
	double error2, ref2, size2, error, bound;
	int64_t n;
};

/* Elements from, from + 1, ... of y against ref[0], ref[1], ... with scales
 * s[0], s[1], ...: n of them.  Adds up into c and the sums, which accept_close
 * closes, so that rows can be compared one by one. */

void accept_real(const struct rule *, enum ke_dtype, const void *y,
    const double *ref, const double *s, int64_t from, int64_t n,
    struct compared *, struct sums *);
void accept_whole(enum ke_dtype, const void *y, const int64_t *ref,
    int64_t from, int64_t n, struct compared *);

enum accepted { ACCEPT, IMPRECISE, WRONG };

enum accepted accept_close(const struct rule *, const struct sums *,
    struct compared *);

#endif
