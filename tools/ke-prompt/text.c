/* Text as it is put into a prompt. */
#include <stdlib.h>
#include <string.h>

#include "text.h"

size_t
text_cut(const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);

	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

void
text_line(struct ke_buf *b, const char *s, size_t max)
{
	size_t n = text_cut(s, max);
	const char *gap = "";

	for (size_t i = 0; i < n;) {
		size_t from;

		while (i < n && (unsigned char)s[i] <= ' ')
			i++;
		for (from = i; i < n && (unsigned char)s[i] > ' ';)
			i++;
		if (i > from)
			ke_buf_str(b, gap);
		ke_buf_add(b, s + from, i - from);
		gap = " ";
	}
	if (s[n] != '\0')
		ke_buf_str(b, " ...");
}

void
text_fence(struct ke_buf *b, const char *info, const char *s)
{
	struct ke_buf fence = {0};
	size_t n = strlen(s);

	ke_buf_str(&fence, "```");
	while (strstr(s, fence.s) != NULL)
		ke_buf_str(&fence, "`");
	ke_buf_fmt(b, "%s%s\n", fence.s, info);
	ke_buf_add(b, s, n);
	ke_buf_fmt(b, "%s%s\n", n > 0 && s[n - 1] == '\n' ? "" : "\n",
	    fence.s);
	ke_buf_free(&fence);
}

void
text_members(struct ke_buf *b, const cJSON *o)
{
	const cJSON *v;
	const char *gap = "";

	cJSON_ArrayForEach(v, o) {
		int64_t whole;
		char *s;

		if (v->string == NULL)
			continue;
		ke_buf_fmt(b, "%s%s=", gap, v->string);
		gap = " ";
		/* nearly all of them, and much faster */
		if (ke_json_integer(v, &whole)) {
			ke_buf_fmt(b, "%lld", (long long)whole);
			continue;
		}
		s = ke_json_print(v);
		ke_buf_str(b, s);
		free(s);
	}
	if (*gap == '\0')
		ke_buf_str(b, "-");
}
