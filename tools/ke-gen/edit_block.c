/* SEARCH/REPLACE blocks. */
#include <stdlib.h>
#include <string.h>

#include "edits.h"

#define WIDTH 7 /* of the marks, as they are asked for */
#define WIDTH_MIN 5

/* How many of them the line starts with. */
static size_t
count(const struct line *l, char mark)
{
	size_t n = 0;

	while (n < l->n && l->s[n] == mark)
		n++;
	return n;
}

size_t
block_mark(const struct line *l, char mark)
{
	const char *word = mark == '<' ? " SEARCH" : " REPLACE";
	size_t n = count(l, mark);
	struct line rest = {.s = l->s + n, .n = line_trimmed(l) - n};

	return n >= WIDTH_MIN && rest.n == strlen(word) &&
	    line_starts(&rest, word) ? n : 0;
}

static bool
is_middle(const struct line *l, size_t width)
{
	size_t n = count(l, '=');

	return n == line_trimmed(l) && (n == width || n == WIDTH);
}

static void
add(struct lines *to, const struct line *l)
{
	if ((to->n & (to->n - 1)) == 0)
		to->all = ke_grow(to->all, 2 * to->n + 1, sizeof(*l));
	to->all[to->n++] = *l;
}

static bool
same(const struct line *a, const struct line *b)
{
	return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

/* What both begin and end with is kept, not replaced, so that blocks whose
 * outer lines are the same don't overlap. */
static void
compare(struct edit *e, const struct lines *old, const struct lines *new)
{
	size_t least = old->n < new->n ? old->n : new->n, head = 0, tail = 0;

	while (head < least && same(&old->all[head], &new->all[head]))
		head++;
	while (tail < least - head && same(&old->all[old->n - 1 - tail],
	    &new->all[new->n - 1 - tail]))
		tail++;
	for (size_t i = 0; i < head; i++)
		edit_add(e, KEEP, &old->all[i]);
	for (size_t i = head; i < old->n - tail; i++)
		edit_add(e, DROP, &old->all[i]);
	for (size_t i = head; i < new->n - tail; i++)
		edit_add(e, ADD, &new->all[i]);
	for (size_t i = old->n - tail; i < old->n; i++)
		edit_add(e, KEEP, &old->all[i]);
}

/* Reads up to the end of the block: "" or what is wrong with it. */
static const char *
read_halves(const char **text, size_t width, struct lines half[2])
{
	struct line l;
	bool second = false;

	while (line_next(text, &l)) {
		if (block_mark(&l, '<') > 0)
			return "another block starts in it";
		if (block_mark(&l, '>') > 0)
			return second ? "" : "a line ======= is missing";
		if (!is_middle(&l, width))
			add(&half[second], &l);
		else if (second)
			return "a second line ======= is in it";
		else
			second = true;
	}
	return "a line >>>>>>> REPLACE is missing";
}

int
block_read(struct edits *all, const char **text, size_t width,
    struct ke_err *why)
{
	struct edit *e = edits_add(all, "SEARCH/REPLACE");
	struct lines half[2] = {{0}, {0}};
	const char *wrong = read_halves(text, width, half);
	char name[EDIT_NAME];

	edit_name(e, name);
	if (*wrong != '\0')
		ke_fail(why, "%s: %s", name, wrong);
	else if (half[0].n == 0)
		ke_fail(why, "%s: nothing to search for", name);
	else
		compare(e, &half[0], &half[1]);
	free(half[0].all);
	free(half[1].all);
	return e->n > 0 ? 0 : -1;
}
