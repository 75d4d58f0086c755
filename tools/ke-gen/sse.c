/* Server-sent events, as they come. */
#include <string.h>

#include "sse.h"

struct sink {
	int (*event)(void *arg, const char *name, const char *data, size_t n,
	    struct ke_err *);
	void *arg;
};

static int
dispatch(struct sse *s, const struct sink *to, struct ke_err *e)
{
	int status = 0;

	if (s->has_data) {
		ke_buf_add(&s->name, "", 0);
		status = to->event(to->arg, s->name.s, s->data.s, s->data.n, e);
	}
	s->name.n = s->data.n = 0;
	s->has_data = false;
	if (s->name.s != NULL)
		s->name.s[0] = '\0';
	return status;
}

static void
take_field(struct sse *s, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n), *value;
	size_t name_n = colon == NULL ? n : (size_t)(colon - line);
	size_t value_n;

	if (colon == NULL)
		colon = line + n - 1;
	value = colon + 1;
	value_n = n - (size_t)(value - line);
	if (value_n > 0 && *value == ' ') {
		value++;
		value_n--;
	}
	if (name_n == 4 && memcmp(line, "data", 4) == 0) {
		if (s->has_data)
			ke_buf_str(&s->data, "\n");
		ke_buf_add(&s->data, value, value_n);
		s->has_data = true;
	} else if (name_n == 5 && memcmp(line, "event", 5) == 0) {
		s->name.n = 0;
		ke_buf_add(&s->name, value, value_n);
	}
	/* others, such as id and retry, serve reconnection: a request for an
	 * answer can't be taken up where it broke */
}

/* A line is whole. */
static int
end_line(struct sse *s, const struct sink *to, struct ke_err *e)
{
	const char *line = s->line.n == 0 ? "" : s->line.s;
	size_t n = s->line.n;

	if (!s->begun && n >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		n -= 3;
	}
	s->begun = true;
	s->line.n = 0;
	if (n == 0)
		return dispatch(s, to, e);
	if (*line != ':') /* else a comment, to keep the connection alive */
		take_field(s, line, n);
	return 0;
}

/* Where the first end of a line is within n bytes, or n. */
static size_t
to_end(const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n), *cr;

	n = lf == NULL ? n : (size_t)(lf - p);
	cr = memchr(p, '\r', n);
	return cr == NULL ? n : (size_t)(cr - p);
}

int
sse_feed(struct sse *s, const char *p, size_t n,
    int (*event)(void *arg, const char *name, const char *data, size_t n,
    struct ke_err *), void *arg, struct ke_err *e)
{
	struct sink to = {event, arg};

	while (n > 0) {
		size_t part;

		if (s->after_cr) {
			s->after_cr = false;
			if (*p == '\n') {
				p++;
				n--;
				continue;
			}
		}
		part = to_end(p, n);
		ke_buf_add(&s->line, p, part);
		if (s->line.n + s->data.n > SSE_EVENT_MAX)
			return ke_fail(e, "an event of more than %zu bytes",
			    SSE_EVENT_MAX);
		if (part == n)
			return 0;
		s->after_cr = p[part] == '\r';
		p += part + 1;
		n -= part + 1;
		if (end_line(s, &to, e) == -1)
			return -1;
	}
	return 0;
}

void
sse_free(struct sse *s)
{
	ke_buf_free(&s->line);
	ke_buf_free(&s->name);
	ke_buf_free(&s->data);
}
