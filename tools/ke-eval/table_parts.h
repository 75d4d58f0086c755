/* What the tables are made of. */
#ifndef KE_EVAL_TABLE_PARTS_H
#define KE_EVAL_TABLE_PARTS_H

#include "record.h"
#include "table.h"

struct part_interval {
	double mid, lo, hi;
};

/* The member, or "". */
const char *part_text(const cJSON *, const char *name);

/* Replaces what a terminal would obey rather than show: candidates have a say
 * in the compiler's messages, and files in their names. */
void part_plain(char *);

/* True where the member is an interval with finite positive ends. */
bool part_interval(const cJSON *, const char *name, struct part_interval *);

/* "[2.28, 2.33]"; the caller frees. */
char *part_bounds(const struct part_interval *);

/* "M=64 N=1024"; the caller frees. */
char *part_dims(const cJSON *dims);

/* "2.31 times faster than base.c, 95 % within [2.28, 2.33]"; slower; or as
 * fast as, where change says "same" or the interval holds 1. */
void part_faster(struct ke_buf *, const struct part_interval *,
    const char *than, const char *change);

/* Beside the earlier result, where there is one. */
void compared_print(struct table *, const cJSON *eval);

/* The end of a call: every candidate that ran, and how they compare. */
void summary_add(struct table *, const cJSON *rec, const char *name);
void summary_print(struct table *);

#endif
