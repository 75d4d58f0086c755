/* Rows, ke-record(5): what policies and stop rules need of a node. */
#ifndef ROW_H
#define ROW_H

#include <stdint.h>

#include "json.h"

/* The row of a record; depth is the node's.  seq, status and score are to be
 * set; a pending one has none of them.  The caller deletes. */
cJSON *row_make(const cJSON *rec, int64_t depth, bool pending);

/* select.phase, or what it must be: draft without a parent, else tree. */
const char *row_phase(const cJSON *rec);
/* eval.effort, else select.effort, else quick. */
const char *row_effort(const cJSON *rec);

/* Why it failed: what the error or else the evaluation says, cut to a line.
 * The caller frees; NULL where nothing is said. */
char *row_detail(const cJSON *rec);

/* What was tried: an entry of context.tried.  detail is row_detail's.  The
 * caller deletes. */
cJSON *row_tried(const cJSON *row, const cJSON *rec, const char *detail,
    const char *source_hash);

#endif
