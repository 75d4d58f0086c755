/* What is said the same in every prompt, by language of the candidate. */
#ifndef LANGUAGE_H
#define LANGUAGE_H

struct language {
	const char *name;  /* also of a fence */
	const char *base;  /* the operator's baseline in it */
	const char *task;  /* it, form of the answer, plan */
	const char *rules;
};

/* NULL where there is none of that name. */
const struct language *language_find(const char *name);

#endif
