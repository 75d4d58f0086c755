/* What an answer holds: whole files and edits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edits.h"
#include "fence.h"

#define EDITS_MAX 1000
#define ANSWER_MAX ((size_t)1 << 20) /* bytes of an answer with edits */

/* Where the reader of an answer stands. */
struct reader {
	const char *at;
	struct fence fence; /* that is open */
	const char *block;  /* what it holds */
	bool edits, hunks;  /* there are some in it */
};

struct edit *
edits_add(struct edits *all, const char *form)
{
	if ((all->n & (all->n - 1)) == 0)
		all->all = ke_grow(all->all, 2 * all->n + 1,
		    sizeof(*all->all));
	all->all[all->n] = (struct edit){.form = form,
	    .number = ++all->seen, .said = EDIT_ANYWHERE};
	return &all->all[all->n++];
}

void
edit_add(struct edit *e, enum op_kind kind, const struct line *l)
{
	if ((e->n & (e->n - 1)) == 0)
		e->ops = ke_grow(e->ops, 2 * e->n + 1, sizeof(*e->ops));
	e->ops[e->n++] = (struct op){kind, *l};
	e->n_old += kind != ADD;
}

void
edit_name(const struct edit *e, char name[EDIT_NAME])
{
	snprintf(name, EDIT_NAME, "%s %zu", e->form, e->number);
}

static void
forget(struct edits *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->all[i].ops);
	all->n = 0;
}

void
edits_free(struct edits *all)
{
	forget(all);
	free(all->all);
	*all = (struct edits){0};
}

static bool
has_plan(const char *s, size_t n)
{
	return memmem(s, n, "ke-plan", strlen("ke-plan")) != NULL;
}

/* A fence that opens a block, or closes one, which may be a whole file. */
static void
turn(struct reader *r, struct edits *all, const struct line *l)
{
	if (r->fence.width > 0) {
		r->block = r->at;
		r->edits = r->hunks = false;
	} else if (!r->edits && has_plan(r->block, (size_t)(l->s - r->block))) {
		forget(all);
		all->file = r->block;
		all->file_n = (size_t)(l->s - r->block);
	}
}

static int
read_edit(struct reader *r, struct edits *all, const struct line *l,
    struct ke_err *why)
{
	size_t width = block_mark(l, '<');

	if (all->n == EDITS_MAX || strnlen(r->at, ANSWER_MAX) == ANSWER_MAX)
		return ke_fail(why, "more than %d edits, or %zu bytes of them",
		    EDITS_MAX, ANSWER_MAX);
	r->edits = true;
	if (width > 0)
		return block_read(all, &r->at, width, why);
	r->hunks = true;
	return hunk_read(all, &r->at, l, r->fence.width > 0, why);
}

/* A line that is part of no edit: 0, or -1 where it looks like one. */
static int
pass_over(const struct reader *r, const struct edits *all,
    const struct line *l, struct ke_err *why)
{
	if (block_mark(l, '>') > 0)
		return ke_fail(why, "a line >>>>>>> REPLACE without its "
		    "<<<<<<< SEARCH, behind %zu edits", all->seen);
	if (r->fence.width > 0 && r->hunks && !hunk_is_between(l))
		return ke_fail(why, "hunk %zu: behind it stands \"%.*s\", "
		    "which is part of no hunk: the lines of one start with a "
		    "blank, + or -", all->seen,
		    (int)(l->n < 80 ? l->n : 80), l->s);
	return 0;
}

int
edits_read(struct edits *all, const char *answer, struct ke_err *why)
{
	struct reader r = {.at = answer};
	struct line l;
	int status = 0;

	*all = (struct edits){0};
	while (status == 0 && line_next(&r.at, &l)) {
		if (fence_step(&r.fence, &l))
			turn(&r, all, &l);
		else if (block_mark(&l, '<') > 0 || hunk_is_header(&l))
			status = read_edit(&r, all, &l, why);
		else
			status = pass_over(&r, all, &l, why);
	}
	if (status == 0 && r.fence.width > 0 &&
	    (r.edits || has_plan(r.block, strlen(r.block))))
		status = ke_fail(why, "the code block is not closed");
	return status;
}
