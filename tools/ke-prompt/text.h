/* Text as it is put into a prompt. */
#ifndef TEXT_H
#define TEXT_H

#include "json.h"

/* Length of s, or where it is longer than max, the most of it that ends with
 * a whole UTF-8 character. */
size_t text_cut(const char *s, size_t max);

/* Adds at most max bytes of s, each run of blanks and control characters as
 * one blank. */
void text_line(struct ke_buf *, const char *s, size_t max);

/* Adds s in a Markdown fence longer than any in it. */
void text_fence(struct ke_buf *, const char *info, const char *s);

/* Adds the members of an object as "A=1 B=2", "-" where there are none. */
void text_members(struct ke_buf *, const cJSON *);

#endif
