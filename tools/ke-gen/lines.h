/* Text, line by line. */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"

struct line {
	const char *s; /* in the text */
	size_t n;      /* without its end */
	bool ended;    /* there is one: false for a last line only */
};

struct lines {
	struct line *all;
	size_t n;
};

/* The next line of *text, which moves behind it; false where there is none.
 * An end is \n, \r\n or \r. */
bool line_next(const char **text, struct line *);

/* All of them, without a byte order mark.  The caller frees all. */
void lines_split(struct lines *, const char *text);

/* As many bytes as are left without the blanks at its end. */
size_t line_trimmed(const struct line *);

bool line_starts(const struct line *, const char *with);

/* Adds the line, and an end if it has one; first an end to a line before it
 * that has none. */
void line_put(struct ke_buf *, const struct line *);

#endif
