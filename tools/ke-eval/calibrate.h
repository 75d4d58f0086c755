/* What an honest implementation's error is, and what that of the next lower
 * precision: ke-op(5), CALIBRATION. */
#ifndef KE_EVAL_CALIBRATE_H
#define KE_EVAL_CALIBRATE_H

#include "expected.h"

/* In units of a rule's constant.  Honest: over all cases; lower: in the timed
 * case where it is least. */
struct calibration {
	bool floating; /* false: outputs are integers, compared exactly */
	struct ke_needs c, c2; /* of the element rule and of the norm rule */
	struct ke_buf honest; /* whose errors were measured, in words */
	struct ke_buf where;  /* the honest error's largest, in words */
};

/* Measures, on an epoch of epoch_admit and its reference.  0; -1 with the
 * reason, or with a verdict where one of the operator's files is at fault,
 * which what names. */
int calibrate(struct epoch *, struct self *, struct calibration *,
    struct verdict *, char what[64], struct ke_err *);
void calibration_free(struct calibration *);

/* The constant between the two: their geometric mean, but never looser than
 * that; where it can't tell them apart, what the honest need. */
double calibration_between(const struct ke_needs *, double loosest);

#endif
