/* An evaluated record as a table for people (-T). */
#ifndef KE_EVAL_TABLE_H
#define KE_EVAL_TABLE_H

#include "json.h"

/* name: of the candidate, as people know it. */
void table_print(const cJSON *rec, const char *name);

#endif
