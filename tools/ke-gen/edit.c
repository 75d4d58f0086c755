/* The candidate that an answer gives, by whole files and by edits. */
#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "edits.h"

#define TEXT_MAX ((size_t)1 << 20) /* bytes of a text that is edited */

/* Bytes of the text, and 16 for each of its lines, times lines searched for:
 * about a second. */
#define WORK_MAX ((double)1e9)

static int
check_work(const struct edits *all, const struct lines *text, size_t n,
    struct ke_err *why)
{
	double lines = 0;

	for (size_t i = 0; i < all->n; i++)
		lines += (double)all->all[i].n_old;
	if (lines * ((double)n + 16 * (double)text->n) > WORK_MAX)
		return ke_fail(why, "%.0f lines are too many to be searched "
		    "for in %zu bytes", lines, n);
	return 0;
}

/* Finds the places of all, and forgets those that change nothing. */
static int
place(struct edits *all, const struct lines *text, struct ke_err *why)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++)
		if (edit_place(&all->all[i], text, why) == -1)
			return -1;
	for (size_t i = 0; i < all->n; i++) {
		struct edit e = all->all[i];

		all->all[i] = all->all[kept];
		all->all[kept] = e;
		kept += e.skip < e.n;
	}
	all->n_changes = kept;
	return kept > 0 ? 0 : ke_fail(why, "the edits change nothing");
}

static int
by_place(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* Edits in order of their places, which may touch and not overlap. */
static int
check_apart(const struct edits *all, struct ke_err *why)
{
	char a[EDIT_NAME], b[EDIT_NAME];

	for (size_t i = 1; i < all->n_changes; i++) {
		const struct edit *x = &all->all[i - 1], *y = x + 1;

		if (x->to <= y->from && x->from != y->from)
			continue;
		edit_name(x, a);
		edit_name(y, b);
		return ke_fail(why, "%s: it changes line %zu, and so does %s",
		    y->number > x->number ? b : a, y->from + 1,
		    y->number > x->number ? a : b);
	}
	return 0;
}

/* The text that comes of edits.  Only its last line may have no end: one with
 * another behind it has got one. */
struct written {
	struct ke_buf text;
	bool open; /* its last line has no end so far */
};

static void
put(struct written *w, const char *indent, size_t n, const struct line *l)
{
	if (w->open)
		ke_buf_str(&w->text, "\n");
	ke_buf_add(&w->text, indent, n);
	ke_buf_add(&w->text, l->s, l->n);
	if (l->ended)
		ke_buf_str(&w->text, "\n");
	w->open = !l->ended;
}

static void
keep_line(struct written *w, const struct line *l)
{
	put(w, "", 0, l);
}

static void
add_line(struct written *w, const struct edit *e, const struct line *own)
{
	struct line l = *own;

	if (line_trimmed(&l) > 0 && e->less) {
		l.s += e->indent_n;
		l.n -= e->indent_n;
	}
	put(w, e->indent, line_trimmed(own) == 0 || e->less ? 0 : e->indent_n,
	    &l);
}

static char *
rewrite(const struct edits *all, const struct lines *text)
{
	struct written out = {0};
	size_t at = 0;

	ke_buf_add(&out.text, "", 0);
	for (size_t k = 0; k < all->n_changes; k++) {
		const struct edit *e = &all->all[k];

		while (at < e->from)
			keep_line(&out, &text->all[at++]);
		for (size_t i = e->skip; i < e->n; i++)
			if (e->ops[i].kind == ADD)
				add_line(&out, e, &e->ops[i].line);
			else if (e->ops[i].kind == KEEP)
				keep_line(&out, &text->all[at++]);
			else
				at++;
	}
	while (at < text->n)
		keep_line(&out, &text->all[at++]);
	return out.text.s;
}

/* The caller frees; NULL with the reason. */
static char *
apply(struct edits *all, const char *base, struct ke_err *why)
{
	struct lines text = {0};
	size_t n = strlen(base);
	char *out = NULL;

	if (n > TEXT_MAX) {
		ke_fail(why, "a text of more than %zu bytes is not edited",
		    TEXT_MAX);
		return NULL;
	}
	lines_split(&text, base);
	if (check_work(all, &text, n, why) == 0 &&
	    place(all, &text, why) == 0) {
		qsort(all->all, all->n_changes, sizeof(*all->all), by_place);
		if (check_apart(all, why) == 0)
			out = rewrite(all, &text);
	}
	free(text.all);
	return out;
}

char *
edit_apply(const char *parent, const char *answer, bool *found,
    struct ke_err *why)
{
	struct edits all;
	int status = edits_read(&all, answer, why);
	char *out = NULL, *file = NULL;

	*found = status == -1 || all.seen > 0 || all.file != NULL;
	if (status == 0 && all.file != NULL)
		file = ke_strndup(all.file, all.file_n);
	if (status == 0 && all.n > 0 && file == NULL && parent == NULL)
		ke_fail(why, "edits, but there is no parent to edit");
	else if (status == 0 && all.n > 0)
		out = apply(&all, file != NULL ? file : parent, why);
	if (status == 0 && all.n == 0 && file != NULL) {
		out = file;
		file = NULL;
	}
	free(file);
	edits_free(&all);
	return out;
}
