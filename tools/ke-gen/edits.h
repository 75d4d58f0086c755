/* The parts of edit.h: edits as they are read, and where they belong. */
#ifndef EDITS_H
#define EDITS_H

#include "lines.h"

#define EDIT_ANYWHERE ((size_t)-1)

enum op_kind { KEEP, DROP, ADD };

struct op {
	enum op_kind kind;
	struct line line;
};

/* Lines that are to be found in a text, which are those it keeps and drops,
 * and what becomes of them. */
struct edit {
	const char *form; /* "SEARCH/REPLACE" or "hunk" */
	size_t number;    /* of the edits of the answer, from 1 */
	size_t said;      /* the line, from 0, that it names for itself */
	size_t n, n_old;  /* ops, and those that aren't ADD */
	struct op *ops;
	/* by edit_place: */
	size_t from, to;  /* lines of the text that it changes */
	size_t skip;      /* ops that it keeps before them */
	const char *indent;    /* what lines of the text have more ... */
	size_t indent_n;
	bool less;             /* ... or less of than its own */
};

/* What an answer holds. */
struct edits {
	size_t n, seen; /* those behind the last file; all */
	struct edit *all;
	size_t n_changes; /* once they have places: the first of all change
	                   * something */
	const char *file; /* the last whole file, or NULL */
	size_t file_n;
};

/* The edits of an answer, whose text they refer to.  0, or -1 with the
 * reason. */
int edits_read(struct edits *, const char *answer, struct ke_err *why);
void edits_free(struct edits *);

/* A new one, for the parts below. */
struct edit *edits_add(struct edits *, const char *form);
void edit_add(struct edit *, enum op_kind, const struct line *);

/* "hunk 3" */
#define EDIT_NAME 40 /* bytes */
void edit_name(const struct edit *, char name[EDIT_NAME]);

/* Reads on after a line <<<<<<< SEARCH of that width: 0, and *text stands
 * behind the block; or -1. */
int block_read(struct edits *, const char **text, size_t width,
    struct ke_err *why);

/* The width of a line <<<<<<< SEARCH, or with '>' >>>>>>> REPLACE; 0 where it
 * is none. */
size_t block_mark(const struct line *, char mark);

/* Reads on after the header @@ of a hunk, as block_read.  fenced: it stands
 * in a code block. */
int hunk_read(struct edits *, const char **text, const struct line *header,
    bool fenced, struct ke_err *why);

bool hunk_is_header(const struct line *);

/* May the line stand between the hunks of a diff? */
bool hunk_is_between(const struct line *);

/* Finds the one place of the edit in the text: as it is; else without blanks
 * at the ends of lines; else indented more or less as a whole.  0, or -1 with
 * the reason. */
int edit_place(struct edit *, const struct lines *text, struct ke_err *why);

/* The reason where there is no place: what is most like it.  Returns -1. */
int edit_missing(const struct edit *, const struct lines *text,
    struct ke_err *why);

#endif
