/* The text of a member as it stands in a line: a third of what an add costs
 * would be printing again what was just read. */
#ifndef MEMBER_H
#define MEMBER_H

#include <stddef.h>

/* Finds the value of the first member of that name in an object that is known
 * to be valid JSON.  NULL where there is none; *len is its length. */
const char *member_text(const char *object, const char *name, size_t *len);

#endif
