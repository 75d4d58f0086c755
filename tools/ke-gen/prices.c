/* What tokens cost: a table that users edit. */
#include <ctype.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "num.h"
#include "prices.h"

#define TABLE_MAX ((size_t)1 << 20) /* bytes */
#define FIELDS 5
#define PRICE_MAX 1e6 /* USD */

/* Reads one line of fields between blanks: 1, 0 where it says nothing, or -1
 * with the reason. */
static int
read_row(char *line, struct price *p, struct ke_err *e)
{
	double *const to[FIELDS - 1] = {&p->in, &p->out, &p->cached,
	    &p->cache_written};
	char *field[FIELDS + 1], *s;
	size_t n = 0;

	line[strcspn(line, "#")] = '\0';
	while ((s = strsep(&line, " \t\r")) != NULL)
		if (*s != '\0' && n <= FIELDS)
			field[n++] = s;
	if (n == 0)
		return 0;
	if (n != FIELDS)
		return ke_fail(e, "%s than %d fields", n < FIELDS ? "fewer"
		    : "more", FIELDS);
	for (size_t i = 1; i < FIELDS; i++)
		if (ke_num_real(field[i], 0, PRICE_MAX, to[i - 1], e) == -1)
			return -1;
	p->pattern = ke_strdup(field[0]);
	return 1;
}

int
prices_read(struct prices *t, const char *file, struct ke_err *e)
{
	struct ke_buf text = {0};
	struct ke_err why;
	size_t number = 0;
	int got = 0;

	if (ke_file_read(file, TABLE_MAX, &text, e) == -1)
		return -1;
	for (char *s = text.s, *end; *s != '\0' && got != -1; s = end) {
		char *line = ke_strndup(s, strcspn(s, "\n"));
		struct price p;

		end = s + strcspn(s, "\n");
		end += *end == '\n';
		number++;
		got = read_row(line, &p, &why);
		if (got == 1) {
			t->rows = ke_grow(t->rows, t->n + 1, sizeof(*t->rows));
			t->rows[t->n++] = p;
		}
		free(line);
	}
	ke_buf_free(&text);
	return got == -1 ? ke_fail(e, "%s:%zu: %s", file, number, why.msg) : 0;
}

const struct price *
prices_find(const struct prices *t, const char *model)
{
	for (size_t i = 0; i < t->n; i++)
		if (fnmatch(t->rows[i].pattern, model, 0) == 0)
			return &t->rows[i];
	return NULL;
}

double
price_of(const struct price *p, const struct usage *u)
{
	double in = u->in > 0 ? (double)u->in : 0;
	double out = u->out > 0 ? (double)u->out : 0;
	double cached = u->cached > 0 ? (double)u->cached : 0;
	double written = u->cache_written > 0 ? (double)u->cache_written : 0;

	return (fmax(0, in - cached - written) * p->in + out * p->out +
	    cached * p->cached + written * p->cache_written) / 1e6;
}

double
price_bound(const struct price *p, int64_t in, int64_t out)
{
	return ((double)in * fmax(p->in, fmax(p->cached, p->cache_written)) +
	    (double)out * p->out) / 1e6;
}
