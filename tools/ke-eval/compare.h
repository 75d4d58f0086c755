/* -C: is a result worse than an earlier one? */
#ifndef KE_EVAL_COMPARE_H
#define KE_EVAL_COMPARE_H

#include <stdbool.h>

#include "json.h"

#define COMPARE_CHANGES(X) \
	X(REGRESSION, "regression") \
	X(IMPROVEMENT, "improvement") \
	X(SAME, "same") \
	X(INCOMPARABLE, "incomparable")

#define X(name, text) COMPARE_##name,
enum compare_change { COMPARE_CHANGES(X) };
#undef X

/* What the two evaluations say of each other, as ke-record(5)'s eval.compared:
 * the caller deletes.  Both are whole records. */
cJSON *compare(const cJSON *old, const cJSON *rec, enum compare_change *);

/* The same where there is no earlier result. */
cJSON *compare_nothing(const char *why);

/* Might the next evaluation say something else?  So where rec was slower or
 * couldn't be measured, and not where it failed by itself. */
bool compare_is_doubtful(const cJSON *compared, const cJSON *rec);

/* Why, and what else is another now, in words. */
void compare_words(const cJSON *compared, struct ke_buf *);

#endif
