/* Why an edit has no place: what is there in its place. */
#include <string.h>

#include "edits.h"

#define QUOTE_MAX 100 /* bytes of a line */

/* Without blanks at either end. */
static struct line
bare(const struct line *l)
{
	struct line b = {.s = l->s, .n = line_trimmed(l)};

	while (b.n > 0 && (*b.s == ' ' || *b.s == '\t'))
		b.s++, b.n--;
	return b;
}

static bool
alike(const struct line *a, const struct line *b)
{
	struct line x = bare(a), y = bare(b);

	return x.n == y.n && memcmp(x.s, y.s, x.n) == 0;
}

/* How many of its lines that aren't blank stand there. */
static size_t
likeness(const struct edit *e, const struct lines *text, size_t at)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n && at < text->n; i++) {
		if (e->ops[i].kind == ADD)
			continue;
		n += line_trimmed(&e->ops[i].line) > 0 &&
		    alike(&text->all[at], &e->ops[i].line);
		at++;
	}
	return n;
}

static int
quote(const struct line *l)
{
	return (int)(l->n < QUOTE_MAX ? l->n : QUOTE_MAX);
}

/* The first line that is another there. */
static int
tell_difference(const struct edit *e, const struct lines *text, size_t at,
    const char *name, struct ke_err *why)
{
	size_t line = at;

	for (size_t i = 0; i < e->n; i++) {
		const struct line *own = &e->ops[i].line;

		if (e->ops[i].kind == ADD)
			continue;
		if (line == text->n)
			return ke_fail(why, "%s: not found: it is most like "
			    "line %zu on, but the source ends before \"%.*s\"",
			    name, at + 1, quote(own), own->s);
		if (!alike(&text->all[line], own))
			return ke_fail(why, "%s: not found: it is most like "
			    "line %zu on, but line %zu is \"%.*s\", not "
			    "\"%.*s\"", name, at + 1, line + 1,
			    quote(&text->all[line]), text->all[line].s,
			    quote(own), own->s);
		line++;
	}
	return ke_fail(why, "%s: not found: it is line %zu on, but indented "
	    "otherwise", name, at + 1);
}

/* The first line that isn't blank; NULL where there is none. */
static const struct line *
first(const struct edit *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->ops[i].kind != ADD &&
		    line_trimmed(&e->ops[i].line) > 0)
			return &e->ops[i].line;
	return NULL;
}

/* No line of it stands anywhere. */
static int
tell_part(const struct edit *e, const struct lines *text, const char *name,
    struct ke_err *why)
{
	const struct line *own = first(e);
	struct line b = {.s = ""};

	if (own != NULL)
		b = bare(own);
	for (size_t i = 0; b.n > 0 && i < text->n; i++) {
		const struct line *l = &text->all[i];

		if (memmem(l->s, l->n, b.s, b.n) != NULL)
			return ke_fail(why, "%s: not found: \"%.*s\" is only "
			    "part of line %zu, \"%.*s\"; whole lines are "
			    "searched for", name, quote(&b), b.s, i + 1,
			    quote(l), l->s);
	}
	return ke_fail(why, "%s: not found: the source has no line \"%.*s\"",
	    name, quote(&b), b.s);
}

int
edit_missing(const struct edit *e, const struct lines *text,
    struct ke_err *why)
{
	size_t best = 0, at = 0;
	char name[EDIT_NAME];

	edit_name(e, name);
	for (size_t i = 0; i < text->n; i++) {
		size_t n = likeness(e, text, i);

		if (n > best) {
			best = n;
			at = i;
		}
	}
	if (best == 0)
		return tell_part(e, text, name, why);
	return tell_difference(e, text, at, name, why);
}
