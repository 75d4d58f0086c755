/* A candidate's text as what stands before its plan, the plan, and what stands
 * behind it, so that the plan can be changed. */
#ifndef PLAN_TEXT_H
#define PLAN_TEXT_H

#include <stdbool.h>

#include "json.h"

struct plan_text {
	char *before, *after;
	cJSON *json;
};

/* False where the text has no plan. */
bool plan_text_split(const char *source, struct plan_text *);
void plan_text_free(struct plan_text *);

/* The whole text; plans that say the same are printed the same.  The caller
 * frees. */
char *plan_text_join(const struct plan_text *);

/* What the text says, whatever its plan looks like: equal for candidates that
 * differ in blanks and in the order of members alone.  NULL where there is no
 * plan; the caller frees. */
char *plan_text_form(const char *source);

#endif
