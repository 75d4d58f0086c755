/* The knowledge base: a folder of documents, and index.md, which says what
 * each is about.  All of it is read once. */
#ifndef KB_H
#define KB_H

#include <stdbool.h>

#include "mem.h"

enum { LEVEL_BROAD = 1, LEVEL_DETAIL = 2, LEVEL_SAMPLE = 4 };

struct document {
	char *platform; /* "any", a family, a target, or a language */
	char *path;     /* below the folder */
	char *summary;
	char *text;
	unsigned concerns, level;
	bool constraint; /* below constraints/ */
	bool hardware;   /* of its platform in any language */
};

struct kb {
	struct document *docs;
	size_t n;
	char hash[65]; /* of all the above */
};

/* Reads dir/index.md and the documents it names.  A row that is not well
 * formed, or whose document is not there, is left out and added to problems,
 * a line for each.  -1 with the reason where there is no index. */
int kb_read(struct kb *, const char *dir, struct ke_buf *problems,
    struct ke_err *);

#endif
