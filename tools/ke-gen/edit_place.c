/* Where an edit belongs. */
#include <string.h>

#include "edits.h"

/* How exactly lines must agree. */
enum fuzz { EXACT, TRAILING, SHIFTED, FUZZ_COUNT };

/* By how much lines of the text are indented more or less than the edit's: the
 * first that isn't blank says so. */
struct shift {
	bool known, less;
	const char *s;
	size_t n;
};

static bool
is_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != ' ' && s[i] != '\t')
			return false;
	return true;
}

static bool
shifted(const struct line *text, const struct line *own, struct shift *s)
{
	size_t a = line_trimmed(text), b = line_trimmed(own);
	bool less = a < b;
	const struct line *more = less ? own : text, *rest = less ? text : own;
	size_t by = less ? b - a : a - b, n = less ? a : b;

	if (a == 0 || b == 0)
		return a == b;
	if (!is_blank(more->s, by) || memcmp(more->s + by, rest->s, n) != 0)
		return false;
	if (!s->known)
		*s = (struct shift){true, less, more->s, by};
	return s->n == by && (by == 0 ||
	    (s->less == less && memcmp(s->s, more->s, by) == 0));
}

static bool
agree(const struct line *text, const struct line *own, enum fuzz fuzz,
    struct shift *s)
{
	size_t a = fuzz == EXACT ? text->n : line_trimmed(text);
	size_t b = fuzz == EXACT ? own->n : line_trimmed(own);

	if (fuzz == SHIFTED)
		return shifted(text, own, s);
	return a == b && memcmp(text->s, own->s, a) == 0;
}

static bool
fits(const struct edit *e, const struct lines *text, size_t at,
    enum fuzz fuzz, struct shift *s)
{
	*s = (struct shift){0};
	if (at > text->n || text->n - at < e->n_old)
		return false;
	for (size_t i = 0; i < e->n; i++)
		if (e->ops[i].kind != ADD &&
		    !agree(&text->all[at++], &e->ops[i].line, fuzz, s))
			return false;
	return true;
}

/* The first two places: how many there are of them. */
static size_t
find(const struct edit *e, const struct lines *text, enum fuzz fuzz,
    size_t at[2])
{
	struct shift s;
	size_t n = 0;

	if (fuzz == EXACT && e->said != EDIT_ANYWHERE &&
	    fits(e, text, e->said, fuzz, &s)) {
		at[0] = e->said;
		return 1;
	}
	for (size_t i = 0; i + e->n_old <= text->n && n < 2; i++)
		if (fits(e, text, i, fuzz, &s))
			at[n++] = i;
	return n;
}

/* Can the lines added be indented as the lines found are? */
static int
check_shift(const struct edit *e, const struct shift *s, struct ke_err *why)
{
	char name[EDIT_NAME];

	edit_name(e, name);
	for (size_t i = 0; s->less && i < e->n; i++) {
		const struct line *l = &e->ops[i].line;

		if (e->ops[i].kind == ADD && line_trimmed(l) > 0 &&
		    (l->n < s->n || memcmp(l->s, s->s, s->n) != 0))
			return ke_fail(why, "%s: its lines are indented more "
			    "than those of the source, but for \"%.*s\", which "
			    "it adds", name, (int)(l->n < 80 ? l->n : 80),
			    l->s);
	}
	return 0;
}

/* Leaves out of the place what the edit keeps before and behind what it
 * changes. */
static void
narrow(struct edit *e, size_t at)
{
	size_t last = e->n;

	while (e->skip < e->n && e->ops[e->skip].kind == KEEP)
		e->skip++;
	while (last > e->skip && e->ops[last - 1].kind == KEEP)
		last--;
	e->from = e->to = at + e->skip;
	for (size_t i = e->skip; i < last; i++)
		e->to += e->ops[i].kind != ADD;
	e->n = last;
}

int
edit_place(struct edit *e, const struct lines *text, struct ke_err *why)
{
	char name[EDIT_NAME];
	struct shift s;
	size_t at[2], n = 0;
	int fuzz = EXACT;

	edit_name(e, name);
	if (e->n_old == 0 && text->n > 0)
		return ke_fail(why, "%s: nothing to search for: it adds lines "
		    "without one that is kept", name);
	while (fuzz < FUZZ_COUNT && (n = find(e, text, (enum fuzz)fuzz,
	    at)) == 0)
		fuzz++;
	if (n == 0)
		return edit_missing(e, text, why);
	if (n > 1)
		return ke_fail(why, "%s: it fits at line %zu and at line %zu: "
		    "more lines around it would tell which is meant", name,
		    at[0] + 1, at[1] + 1);
	fits(e, text, at[0], (enum fuzz)fuzz, &s);
	if (check_shift(e, &s, why) == -1)
		return -1;
	e->indent = s.s;
	e->indent_n = s.n;
	e->less = s.less;
	narrow(e, at[0]);
	return 0;
}
