/* What differs by the language of candidates. */
#ifndef LANGUAGE_H
#define LANGUAGE_H

struct language {
	const char *name;
	const char *suffix; /* of a seed's file */
	const char *candidate; /* the file that tools work on */
	const char *target; /* where none is named */
	const char *set;    /* of the cases that its target times */
};

/* NULL where there is none of that name; NULL as name is C. */
const struct language *language_find(const char *name);

#endif
