/* What is known beside the parent: what was tried, relatives, the best. */
#ifndef HISTORY_H
#define HISTORY_H

#include "sections.h"

/* Adds a section for each part of context that is there. */
void history_tell(struct sections *, const cJSON *context,
    const char *language);

/* Cuts the record's context down to the ids that were used, the parents'
 * source and choice, tried and models. */
void history_trim(cJSON *rec, const struct sections *);

#endif
