/* The candidate that an answer gives, by whole files and by edits. */
#ifndef EDIT_H
#define EDIT_H

#include <stdbool.h>

#include "mem.h"

/* Applies what the answer holds to parent (NULL: there is none): a whole file,
 * which is a fenced block with a plan, replaces it, and the edits behind the
 * last one (SEARCH/REPLACE blocks, hunks of unified diffs) change it.  The
 * caller frees; NULL with the reason, which names the edit and what was found
 * in its place.  *found: is there a file or an edit at all? */
char *edit_apply(const char *parent, const char *answer, bool *found,
    struct ke_err *why);

#endif
