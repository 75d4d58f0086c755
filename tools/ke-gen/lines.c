/* Text, line by line. */
#include <string.h>

#include "lines.h"

bool
line_next(const char **text, struct line *l)
{
	const char *end = *text + strcspn(*text, "\r\n");

	*l = (struct line){*text, (size_t)(end - *text), *end != '\0'};
	*text = end + (*end != '\0') + (end[0] == '\r' && end[1] == '\n');
	return l->ended || l->n > 0;
}

void
lines_split(struct lines *lines, const char *text)
{
	struct line l;

	*lines = (struct lines){0};
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (line_next(&text, &l)) {
		if ((lines->n & (lines->n - 1)) == 0)
			lines->all = ke_grow(lines->all, 2 * lines->n + 1,
			    sizeof(l));
		lines->all[lines->n++] = l;
	}
}

size_t
line_trimmed(const struct line *l)
{
	size_t n = l->n;

	while (n > 0 && (l->s[n - 1] == ' ' || l->s[n - 1] == '\t'))
		n--;
	return n;
}

bool
line_starts(const struct line *l, const char *with)
{
	size_t n = strlen(with);

	return l->n >= n && memcmp(l->s, with, n) == 0;
}

void
line_put(struct ke_buf *b, const struct line *l)
{
	if (b->n > 0 && b->s[b->n - 1] != '\n')
		ke_buf_str(b, "\n");
	ke_buf_add(b, l->s, l->n);
	if (l->ended)
		ke_buf_str(b, "\n");
}
