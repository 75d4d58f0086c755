/* What is said the same in every prompt, by language of the candidate. */
#ifndef LANGUAGE_H
#define LANGUAGE_H

struct language {
	const char *name;
	const char *base;  /* the operator's baseline in it */
	const char *rules; /* task, form of the answer, rules, plan */
};

/* NULL where there is none of that name. */
const struct language *language_find(const char *name);

#endif
