/* Messages that fit, on one line. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "utf8.h"

#define HEAD_MAX 640 /* bytes that are kept before the gap */

/* What doesn't fit loses its middle: the place stands first, the reason
 * last. */
static void
shorten(struct ke_err *e, const char *text, size_t n)
{
	static const char gap[] = " ... ";
	size_t tail = sizeof(e->msg) - HEAD_MAX - sizeof(gap);

	memcpy(e->msg, text, HEAD_MAX);
	memcpy(e->msg + HEAD_MAX, gap, sizeof(gap) - 1);
	memcpy(e->msg + HEAD_MAX + sizeof(gap) - 1, text + n - tail, tail + 1);
}

void
ke_tidy(char *s)
{
	size_t n = strlen(s), len;

	for (size_t i = 0; i < n; i += len) {
		unsigned char c = (unsigned char)s[i];

		len = ke_utf8_length(s + i, n - i);
		if (len == 1 && isspace(c)) {
			s[i] = ' ';
		} else if (len == 0 || c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)) {
			s[i] = '?';
			len = 1;
		}
	}
}

int
ke_fail(struct ke_err *e, const char *fmt, ...)
{
	struct ke_buf whole = {0};
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(e->msg)) {
		vsnprintf(ke_buf_room(&whole, (size_t)n), (size_t)n + 1, fmt,
		    again);
		shorten(e, whole.s, (size_t)n);
		ke_buf_free(&whole);
	}
	va_end(again);
	ke_tidy(e->msg);
	return -1;
}
