/* A node as a person reads of it, in Markdown: what was tried, what came of
 * it, where the time goes, what came after. */
#ifndef OVERVIEW_H
#define OVERVIEW_H

#include "db.h"

/* Within a transaction.  NULL with the reason where an object can't be read;
 * the caller frees. */
char *overview_text(struct store *, int64_t node, struct ke_err *);

#endif
