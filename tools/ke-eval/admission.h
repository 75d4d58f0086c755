/* What the tests of ke-eval -A share: one variant of an operator, its inputs
 * and reference, and what was found. */
#ifndef KE_EVAL_ADMISSION_H
#define KE_EVAL_ADMISSION_H

#include "expected.h"

/* Outputs of fewer elements say little. */
#define ADMISSION_ELEMENTS 16

struct admission {
	struct epoch *epoch; /* of epoch_admit */
	struct self self;
	cJSON *tests;
	struct ke_buf refused; /* test and reason of the first failure */
};

/* One test's result, with the reason or what was measured. */
void admission_found(struct admission *, const char *test, bool pass,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Points a->self to that slot, whose reference it computes. */
void admission_at(struct admission *, size_t layout, size_t slot);

/* Slots of a layout that were drawn as declared and not rounded: the k-th, or
 * -1. */
int admission_declared(const struct layout *, size_t k);

/* Is it an output? */
bool admission_out(const struct admission *, size_t t);

/* The outputs by themselves: not of rounding's size, and they vary with the
 * seed and along every axis (variation.c). */
void admit_outputs(struct admission *);
/* Every input and every dim moves the reference (influence.c). */
void admit_influence(struct admission *);
/* No kernel that computes nothing, or a part, passes (trivial.c). */
void admit_trivial(struct admission *);

#endif
