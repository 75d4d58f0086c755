/* What is said the same in every prompt, by language of the candidate. */
#ifndef LANGUAGE_H
#define LANGUAGE_H

struct language {
	const char *name;
	const char *fence; /* what its code is called */
	const char *base;  /* the operator's baseline on its target */
	const char *base_fence;
	const char *task;  /* it, form of the answer, plan */
	const char *rules;
};

/* NULL where there is none of that name. */
const struct language *language_find(const char *name);

/* The language of the baseline that a candidate for the target (NULL where
 * none is named) is timed against: the target's own where it is called as its
 * language, as cuda and hip are, else the candidate's. */
const struct language *language_baseline(const struct language *candidate,
    const char *target);

#endif
