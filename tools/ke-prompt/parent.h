/* The parent in words: its source, its choice, how it did and why. */
#ifndef PARENT_H
#define PARENT_H

#include "diagnosis.h"
#include "sections.h"

/* Adds the sections on context.parent and .parent2. */
void parent_tell(struct sections *, const cJSON *context,
    const char *language);

/* Adds the section on the diagnosis. */
void diagnosis_tell(struct sections *, const struct diagnosis *,
    const cJSON *parent);

#endif
