/* Text in columns. */
#include <stdlib.h>
#include <string.h>

#include "columns.h"

#define GAP 2        /* blanks before a column */
#define NAME_KEPT 28 /* a name is cut to this before columns are left out, */
#define NAME_MIN 12  /* and to this once all that can be are */

/* Bytes of the character that starts here. */
static size_t
character(const char *s)
{
	size_t n = 1;

	if ((*s & 0xc0) == 0xc0)
		while ((s[n] & 0xc0) == 0x80)
			n++;
	return n;
}

size_t
columns_width(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s += character(s))
		n++;
	return n;
}

char *
columns_cut(const char *s, size_t width)
{
	size_t all = columns_width(s), tail, skip;
	struct ke_buf b = {0};

	if (all <= width)
		return ke_strdup(s);
	/* the end of a path says more than its beginning */
	tail = (width - 1) / 2;
	skip = all - tail;
	ke_buf_str(&b, "");
	for (size_t i = 0; *s != '\0'; i++, s += character(s)) {
		if (i < width - 2 - tail || i >= skip)
			ke_buf_add(&b, s, character(s));
		else if (i == width - 2 - tail)
			ke_buf_str(&b, "..");
	}
	return b.s;
}

static void
pad(FILE *f, size_t n)
{
	fprintf(f, "%*s", (int)n, "");
}

void
columns_wrap(FILE *f, const char *s, size_t indent, size_t width)
{
	size_t at = 0;

	for (s += strspn(s, " \n"); *s != '\0'; s += strspn(s, " \n")) {
		size_t n = strcspn(s, " \n");
		char *word = ke_strndup(s, n);
		size_t wide = columns_width(word);

		if (at > 0 && at + 1 + wide > width) {
			fputc('\n', f);
			at = 0;
		}
		if (at == 0)
			pad(f, at = indent);
		else
			at += (size_t)fprintf(f, " ");
		fputs(word, f);
		at += wide;
		s += n;
		free(word);
	}
	if (at > 0)
		fputc('\n', f);
}

struct columns_row *
columns_row(struct columns *t)
{
	t->rows = ke_grow(t->rows, t->n_rows + 1, sizeof(*t->rows));
	memset(&t->rows[t->n_rows], 0, sizeof(*t->rows));
	return &t->rows[t->n_rows++];
}

/* Width of each column, 0 where no row has a cell. */
static void
measure(const struct columns *t, size_t wide[COLUMNS_MAX])
{
	for (size_t c = 0; c < t->n; c++) {
		wide[c] = 0;
		for (size_t r = 0; r < t->n_rows; r++) {
			const char *s = t->rows[r].cell[c];
			size_t w = s == NULL ? 0 : columns_width(s);

			wide[c] = w > wide[c] ? w : wide[c];
		}
		if (wide[c] > 0 && columns_width(t->column[c].head) > wide[c])
			wide[c] = columns_width(t->column[c].head);
	}
}

static size_t
total(const struct columns *t, const size_t wide[COLUMNS_MAX])
{
	size_t all = 0;

	for (size_t c = 0; c < t->n; c++)
		all += wide[c] > 0 ? GAP + wide[c] : 0;
	return all;
}

/* The column that is there next where there is room, or 0. */
static size_t
next_column(const struct columns *t, const size_t own[COLUMNS_MAX], int after)
{
	size_t best = 0;

	for (size_t c = 1; c < t->n; c++)
		if (own[c] > 0 && t->column[c].drop > after && (best == 0 ||
		    t->column[c].drop < t->column[best].drop))
			best = c;
	return best;
}

/* Makes the widths fit: of the columns that can be left out those stay, in
 * their order, for which there is room beside the others. */
static void
fit(const struct columns *t, size_t wide[COLUMNS_MAX], size_t width)
{
	size_t kept = wide[0] < NAME_KEPT ? wide[0] : NAME_KEPT;
	size_t least = kept < NAME_MIN ? kept : NAME_MIN;
	size_t own[COLUMNS_MAX], others, c = 0;

	memcpy(own, wide, sizeof(own));
	for (size_t i = 1; i < t->n; i++)
		wide[i] = t->column[i].drop > 0 ? 0 : own[i];
	while ((c = next_column(t, own, t->column[c].drop)) != 0 &&
	    total(t, wide) - own[0] + kept + GAP + own[c] <= width)
		wide[c] = own[c];
	others = total(t, wide) - own[0];
	if (others + own[0] > width)
		wide[0] = others + least < width ? width - others : least;
}

static void
print_cell(FILE *f, const char *s, size_t wide, bool left, bool last,
    const char *colour)
{
	size_t n = columns_width(s), blank = wide > n ? wide - n : 0;

	pad(f, GAP + (left ? 0 : blank));
	fprintf(f, "%s%s%s", colour != NULL ? colour : "", s,
	    colour != NULL ? "\033[0m" : "");
	if (left && !last)
		pad(f, blank);
}

static void
print_row(FILE *f, const struct columns *t, const struct columns_row *row,
    const size_t wide[COLUMNS_MAX])
{
	size_t last = 0;

	for (size_t c = 0; c < t->n; c++)
		if (wide[c] > 0 && (row == NULL || row->cell[c] != NULL))
			last = c;
	for (size_t c = 0; c <= last; c++) {
		const char *s = row == NULL ? t->column[c].head : row->cell[c];
		char *name = c == 0 ? columns_cut(s == NULL ? "" : s,
		    wide[0] < 4 ? 4 : wide[0]) : NULL;

		if (wide[c] > 0)
			print_cell(f, name != NULL ? name : s == NULL ? "" : s,
			    wide[c], t->column[c].left, c == last,
			    row == NULL ? NULL : row->colour[c]);
		free(name);
	}
	fputc('\n', f);
}

void
columns_print(FILE *f, struct columns *t, size_t width)
{
	size_t wide[COLUMNS_MAX] = {0};

	measure(t, wide);
	fit(t, wide, width);
	print_row(f, t, NULL, wide);
	for (size_t r = 0; r < t->n_rows; r++) {
		print_row(f, t, &t->rows[r], wide);
		for (size_t c = 0; c < t->n; c++)
			free(t->rows[r].cell[c]);
	}
	free(t->rows);
	t->rows = NULL;
	t->n_rows = 0;
}
