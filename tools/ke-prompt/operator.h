/* An operator in words: what a candidate is to compute. */
#ifndef OPERATOR_H
#define OPERATOR_H

#include "language.h"
#include "op.h"

struct operator_text {
	char *key; /* name, dtype and baseline's language, as asked for */
	struct ke_op *op;
	const struct language *baseline;
	unsigned about;    /* concerns among its tags */
	struct ke_buf text; /* up to and with ref.c */
	struct ke_buf base; /* the baseline's source; empty where none */
	struct ke_buf words; /* name, tags and summary */
};

/* The operator in a dtype (NULL for its default), with its baseline in a
 * language, read when first asked for and then kept.  NULL with the reason. */
const struct operator_text *operator_find(const char *name, const char *dtype,
    const struct language *baseline, struct ke_err *);

#endif
