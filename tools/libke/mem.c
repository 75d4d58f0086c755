/* Memory that is there, and text that grows. */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

void *
ke_grow(void *p, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size)
		errx(111, "out of memory");
	p = realloc(p, n * size == 0 ? 1 : n * size);
	if (p == NULL)
		errx(111, "out of memory");
	return p;
}

void *
ke_calloc(size_t n, size_t size)
{
	void *p = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);

	if (p == NULL)
		errx(111, "out of memory");
	return p;
}

char *
ke_strndup(const char *s, size_t n)
{
	char *p = ke_grow(NULL, n + 1, 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *
ke_strdup(const char *s)
{
	return ke_strndup(s, strlen(s));
}

char *
ke_buf_room(struct ke_buf *b, size_t n)
{
	size_t cap = b->cap == 0 ? 256 : b->cap;

	if (n > SIZE_MAX / 4 || b->n > SIZE_MAX / 4)
		errx(111, "out of memory");
	while (cap < b->n + n + 1)
		cap *= 2;
	if (cap != b->cap) {
		b->s = ke_grow(b->s, cap, 1);
		b->cap = cap;
	}
	return b->s + b->n;
}

void
ke_buf_add(struct ke_buf *b, const void *p, size_t n)
{
	char *to = ke_buf_room(b, n);

	if (n > 0)
		memcpy(to, p, n);
	b->n += n;
	b->s[b->n] = '\0';
}

void
ke_buf_str(struct ke_buf *b, const char *s)
{
	ke_buf_add(b, s, strlen(s));
}

void
ke_buf_fmt(struct ke_buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		errx(111, "bad format");
	vsnprintf(ke_buf_room(b, (size_t)n), (size_t)n + 1, fmt, again);
	va_end(again);
	b->n += (size_t)n;
}

void
ke_buf_free(struct ke_buf *b)
{
	free(b->s);
	*b = (struct ke_buf){0};
}
