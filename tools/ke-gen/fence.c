/* Fenced code blocks, as CommonMark 0.31 has them. */
#include <string.h>

#include "fence.h"

static bool
closes(const struct fence *open, const struct fence *f, const struct line *rest)
{
	return f->mark == open->mark && f->width >= open->width &&
	    line_trimmed(rest) == 0;
}

static bool
opens(const struct fence *f, const struct line *rest)
{
	return f->width >= 3 && (f->mark == '~' || rest->n == 0 ||
	    memchr(rest->s, '`', rest->n) == NULL);
}

bool
fence_step(struct fence *open, const struct line *l)
{
	struct line rest = *l;
	struct fence f = {0};

	while (rest.n > 0 && *rest.s == ' ')
		rest.s++, rest.n--;
	if (l->n - rest.n > 3 || rest.n == 0 ||
	    (*rest.s != '`' && *rest.s != '~'))
		return false;
	f.mark = *rest.s;
	while (rest.n > 0 && *rest.s == f.mark)
		rest.s++, rest.n--, f.width++;
	if (open->width > 0 ? !closes(open, &f, &rest) : !opens(&f, &rest))
		return false;
	if (open->width > 0)
		f.width = 0;
	*open = f;
	return true;
}
