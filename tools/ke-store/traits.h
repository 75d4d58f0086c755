/* What runs are compared by: words for the operator, its tensors, the target
 * and the types, each with a weight. */
#ifndef TRAITS_H
#define TRAITS_H

#include "db.h"
#include "json.h"

/* Keeps those of a run's line, ke-eval -i, within a transaction. */
void traits_put(struct store *, int64_t run, const cJSON *line);

#endif
