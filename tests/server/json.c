/* JSON from patterns, and server-sent events of it. */
#include <stdlib.h>
#include <string.h>

#include "server.h"

static void
add_quoted(struct ke_buf *b, const char *s)
{
	cJSON *v = s == NULL ? cJSON_CreateNull() : cJSON_CreateString(s);
	char *text = json_text(v);

	ke_buf_str(b, text);
	free(text);
	cJSON_Delete(v);
}

static void
add_pattern(struct ke_buf *b, const char *p, va_list *ap)
{
	for (; *p != '\0'; p++) {
		if (*p == '\'') {
			ke_buf_add(b, "\"", 1);
			continue;
		}
		if (*p != '$') {
			ke_buf_add(b, p, 1);
			continue;
		}
		switch (*++p) {
		case 's':
			add_quoted(b, va_arg(*ap, const char *));
			break;
		case 'd':
			ke_buf_fmt(b, "%lld", (long long)va_arg(*ap, int64_t));
			break;
		case 'b':
			ke_buf_str(b, va_arg(*ap, int) ? "true" : "false");
			break;
		case 'j':
			ke_buf_str(b, va_arg(*ap, const char *));
			break;
		default:
			abort();
		}
	}
}

void
json_add(struct ke_buf *b, const char *pattern, ...)
{
	va_list ap;

	va_start(ap, pattern);
	add_pattern(b, pattern, &ap);
	va_end(ap);
}

char *
json_text(const cJSON *v)
{
	return v == NULL ? ke_strdup("null") : ke_json_print(v);
}

void
event_add(struct body *b, const char *name, const char *pattern, ...)
{
	va_list ap;

	ke_buf_add(&b->starts, &b->bytes.n, sizeof(b->bytes.n));
	if (name != NULL)
		ke_buf_fmt(&b->bytes, "event: %s\n", name);
	ke_buf_str(&b->bytes, "data: ");
	va_start(ap, pattern);
	add_pattern(&b->bytes, pattern, &ap);
	va_end(ap);
	ke_buf_str(&b->bytes, "\n\n");
}

size_t
piece_length(const char *s, size_t n)
{
	size_t all = strnlen(s, n + 4);

	if (n >= all)
		return all;
	while (n < all && ((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}
