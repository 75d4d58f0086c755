/* Text in columns: widths as a terminal counts them, names cut in the middle,
 * tables whose columns are as wide as what is in them. */
#ifndef KE_EVAL_COLUMNS_H
#define KE_EVAL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "mem.h"

#define COLUMNS_MAX 10
#define COLUMNS_ANY 100000 /* a width that everything fits */

/* Columns that UTF-8 text takes; a byte that begins no character is one. */
size_t columns_width(const char *);

/* s, or, where it is wider than width, its ends with ".." between them (width
 * at least 4).  The caller frees. */
char *columns_cut(const char *s, size_t width);

/* Words of s, broken at blanks into lines of at most width columns (a word may
 * be longer), each after indent blanks, each ended. */
void columns_wrap(FILE *, const char *s, size_t indent, size_t width);

/* How a table's column looks.  The first column is the row's name. */
struct column {
	const char *head;
	bool left;   /* aligned so; numbers stand right */
	int drop;    /* 0: always there; others, each its own number, are there
		      * while there is room, the smallest first */
};

struct columns {
	const struct column *column;
	size_t n, n_rows;
	struct columns_row {
		char *cell[COLUMNS_MAX]; /* NULL: nothing */
		const char *colour[COLUMNS_MAX]; /* or NULL; zero width */
	} *rows;
};

/* Adds an empty row. */
struct columns_row *columns_row(struct columns *);

/* Head and rows, two blanks before each column, at most width wide: columns
 * without a cell are left out, and those that don't fit; then names are cut.
 * Frees the rows. */
void columns_print(FILE *, struct columns *, size_t width);

#endif
