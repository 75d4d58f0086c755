/* Records that come late or a second time: what they are told. */
#ifndef LATE_H
#define LATE_H

#include "commit.h"

/* The row that the run has of the record's xid, or of its node (0 for none)
 * where it doesn't confirm it, told as late.  The caller frees; NULL where the
 * record is new. */
char *late_find(struct store *, const struct run *, const struct commit *,
    int64_t node);

#endif
