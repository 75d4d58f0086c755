/* Fenced code blocks, as CommonMark 0.31 has them. */
#ifndef FENCE_H
#define FENCE_H

#include "lines.h"

/* The one that is open; width 0: none. */
struct fence {
	char mark;    /* ` or ~ */
	size_t width; /* how many */
};

/* Does the line open a block, or close the one that is open?  If so, *open
 * says what is open behind it. */
bool fence_step(struct fence *open, const struct line *);

#endif
