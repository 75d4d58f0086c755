/* Evaluated records as tables for people (-T).  They read the records alone,
 * so that they can say nothing that the records don't. */
#ifndef KE_EVAL_TABLE_H
#define KE_EVAL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "json.h"
#include "mem.h"

struct table {
	FILE *f;
	size_t width;
	bool colour;
	const char *pm;       /* plus-minus, as the locale can say it */
	char *head, *guards;  /* where and how, and in which sandbox: as printed
			       * last */
	struct ke_buf warned; /* what was warned of, a line each */
	size_t n_ran;
	struct table_ran *ran; /* for the summary */
};

/* Width, colours and characters as f, standard output or another, has them:
 * colours on a terminal alone, and not with NO_COLOR. */
void table_open(struct table *, FILE *f);

/* name: of the candidate, as people know it. */
void table_print(struct table *, const cJSON *rec, const char *name);

/* Where several candidates of an operator ran: how they compare.  Ends t. */
void table_close(struct table *);

#endif
