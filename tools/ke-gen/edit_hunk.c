/* Hunks of unified diffs. */
#include <string.h>

#include "edits.h"

/* "@@ -12,3 +12,4 @@" */
struct header {
	bool counts; /* it has them; where not, the rest is 0 */
	size_t line, old, new;
};

bool
hunk_is_header(const struct line *l)
{
	return line_starts(l, "@@") &&
	    (l->n == 2 || l->s[2] == ' ' || l->s[2] == '\t');
}

/* The whole number at *at, which moves behind it; false where there is
 * none. */
static bool
number(struct line *at, size_t *v)
{
	size_t i;

	*v = 0;
	for (i = 0; i < at->n && i < 9 && at->s[i] >= '0' &&
	    at->s[i] <= '9'; i++)
		*v = 10 * *v + (size_t)(at->s[i] - '0');
	at->s += i;
	at->n -= i;
	return i > 0;
}

static bool
take(struct line *at, const char *word)
{
	if (!line_starts(at, word))
		return false;
	at->s += strlen(word);
	at->n -= strlen(word);
	return true;
}

/* "12,3", or "12", which counts 1. */
static bool
range(struct line *at, size_t *line, size_t *n)
{
	*n = 1;
	return number(at, line) && (!take(at, ",") || number(at, n));
}

static struct header
parse(const struct line *l)
{
	struct line at = *l;
	struct header h = {0};
	size_t new;

	h.counts = take(&at, "@@ -") && range(&at, &h.line, &h.old) &&
	    take(&at, " +") && range(&at, &new, &h.new) && take(&at, " @@");
	return h.counts ? h : (struct header){0};
}

/* Is there a pair of file names, "--- a" and "+++ b"? */
static bool
is_names(const char *text)
{
	struct line l;

	return line_next(&text, &l) && line_starts(&l, "--- ") &&
	    line_next(&text, &l) && line_starts(&l, "+++ ");
}

static bool
is_body(const struct line *l)
{
	return l->n > 0 && strchr(" +-", *l->s) != NULL;
}

/* "\ No newline at end of file", of the line before. */
static bool
take_unended(struct edit *e, const struct line *l)
{
	if (!line_starts(l, "\\ "))
		return false;
	if (e->n > 0)
		e->ops[e->n - 1].line.ended = false;
	return true;
}

/* A line of the body; an empty one is an empty line kept, whose blank was
 * lost. */
static void
add(struct edit *e, const struct line *l)
{
	struct line rest = {l->s + 1, l->n - 1, true};

	if (l->n == 0)
		edit_add(e, KEEP, &(struct line){l->s, 0, true});
	else
		edit_add(e, *l->s == '+' ? ADD : *l->s == '-' ? DROP : KEEP,
		    &rest);
}

/* Reads a body that is as long as its header says; false, and nothing read,
 * where it isn't. */
static bool
read_counted(struct edit *e, const char **text, const struct header *h)
{
	const char *at = *text;
	size_t old = 0, new = 0;
	struct line l;

	while (old < h->old || new < h->new) {
		if (!line_next(&at, &l))
			break;
		if (take_unended(e, &l))
			continue;
		if (l.n > 0 && !is_body(&l))
			break;
		old += l.n == 0 || *l.s != '+';
		new += l.n == 0 || *l.s != '-';
		add(e, &l);
	}
	if (old != h->old || new != h->new) {
		e->n = e->n_old = 0;
		return false;
	}
	*text = at;
	if (line_next(&at, &l) && take_unended(e, &l))
		*text = at;
	return true;
}

/* Does the body seem to go on, perhaps behind empty lines? */
static bool
goes_on(const char *text)
{
	struct line l;

	while (!is_names(text) && line_next(&text, &l))
		if (l.n > 0)
			return is_body(&l);
	return false;
}

/* Reads a body as far as lines look like one.  Empty lines at its end are not
 * part of it. */
static void
read_lines(struct edit *e, const char **text)
{
	const char *at = *text;
	size_t blank = 0;
	struct line l;

	while (!is_names(at) && line_next(&at, &l)) {
		if (l.n > 0 && !is_body(&l) && !line_starts(&l, "\\ "))
			break;
		if (l.n == 0) {
			blank++;
			continue;
		}
		for (; blank > 0; blank--)
			add(e, &(struct line){.s = ""});
		if (!take_unended(e, &l))
			add(e, &l);
		*text = at;
	}
}

int
hunk_read(struct edits *all, const char **text, const struct line *line,
    bool fenced, struct ke_err *why)
{
	struct edit *e = edits_add(all, "hunk");
	struct header h = parse(line);
	const char *from = *text;
	char name[EDIT_NAME];
	bool counted;

	edit_name(e, name);
	if (!h.counts && !fenced)
		return ke_fail(why, "%s: its header does not count lines as "
		    "in @@ -12,3 +12,4 @@, and it is in no code block", name);
	if (h.counts)
		e->said = h.old == 0 ? h.line : h.line - (h.line > 0);
	counted = h.counts && read_counted(e, text, &h);
	if (!counted && !fenced)
		return ke_fail(why, "%s: its header counts %zu old lines and "
		    "%zu new, its body others", name, h.old, h.new);
	if (fenced && (!counted || goes_on(*text))) {
		*text = from;
		e->n = e->n_old = 0;
		read_lines(e, text);
	}
	if (e->n == 0)
		return ke_fail(why, "%s: it is empty", name);
	return 0;
}

bool
hunk_is_between(const struct line *l)
{
	static const char *const starts[] = {"--- ", "+++ ", "diff ",
	    "index ", "Index: ", "====", "new file ", "old mode ",
	    "new mode "};

	if (line_trimmed(l) == 0)
		return true;
	for (size_t i = 0; i < KE_LEN(starts); i++)
		if (line_starts(l, starts[i]))
			return true;
	return false;
}
