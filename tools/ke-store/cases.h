/* What an evaluation says of each case, as rows that can be asked for. */
#ifndef CASES_H
#define CASES_H

#include "db.h"
#include "json.h"

/* Within a transaction; cases may be NULL. */
void cases_put(struct store *, int64_t eval, const cJSON *cases);

#endif
