/* Where a function is defined in a candidate's code. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#define SIGNATURE_PARAMS 32

struct span {
	size_t at, n;
};

/* Places in the code. */
struct signature {
	size_t name;
	size_t open, close; /* parentheses of its parameters */
	size_t body;        /* behind the brace that opens it */
	size_t n;
	struct span params[SIGNATURE_PARAMS]; /* without blanks around them */
};

/* False where the name isn't followed by a parenthesis exactly once outside
 * comments and strings, or where that is no definition: then a change of the
 * parameters could need others. */
bool signature_find(const char *code, const char *name, struct signature *);

/* The identifier that a parameter ends with; n is 0 where it is not a plain
 * number's. */
struct span signature_number(const char *code, struct span param);

#endif
