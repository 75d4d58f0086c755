/* As much of HTTP/1.1 as a server of one kind of request needs (RFC 9112):
 * bodies have a Content-Length. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "num.h"
#include "server.h"

#define HEADERS_MAX 65536
#define BODY_MAX ((int64_t)64 << 20)

/* Cuts the word up to a blank off the front of *s. */
static char *
word(char **s)
{
	char *w = *s;

	*s += strcspn(*s, " ");
	if (**s != '\0')
		*(*s)++ = '\0';
	return w;
}

static bool
add_header(cJSON *headers, char *line)
{
	char *colon = strchr(line, ':'), *value;

	if (colon == NULL)
		return false;
	*colon = '\0';
	for (char *p = line; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	value = colon + 1 + strspn(colon + 1, " \t");
	ke_json_set_text(headers, line, value, strlen(value));
	return true;
}

/* The request line and the headers in text, which is taken apart. */
static bool
parse_head(char *text, struct request *r)
{
	char *line = text, *end;

	r->headers = cJSON_CreateObject();
	for (; *line != '\0'; line = end + 2) {
		end = strstr(line, "\r\n");
		if (end == NULL)
			return false;
		*end = '\0';
		if (r->method != NULL) {
			if (!add_header(r->headers, line))
				return false;
			continue;
		}
		r->method = ke_strdup(word(&line));
		r->target = ke_strdup(word(&line));
		if (strcmp(line, "HTTP/1.1") != 0)
			return false;
	}
	return r->method != NULL;
}

/* The value of Content-Length, 0 where there is none, -1 where it is wrong. */
static int64_t
body_length(const struct request *r)
{
	const char *length = header(r, "content-length");
	struct ke_err e;
	int64_t n = 0;

	if (header(r, "transfer-encoding") != NULL || (length != NULL &&
	    ke_num_int(length, 0, BODY_MAX, &n, &e) == -1))
		return -1;
	return n;
}

static void
drop_front(struct ke_buf *b, size_t n)
{
	memmove(b->s, b->s + n, b->n - n);
	b->n -= n;
	b->s[b->n] = '\0';
}

int
http_parse(struct ke_buf *in, struct request *r, bool *expects)
{
	char *end = in->n == 0 ? NULL : strstr(in->s, "\r\n\r\n"), *text;
	size_t head;
	int64_t n;

	*expects = false;
	if (end == NULL)
		return in->n > HEADERS_MAX ? -1 : 0;
	head = (size_t)(end - in->s) + 4;
	text = ke_strndup(in->s, head - 2);
	request_free(r);
	n = parse_head(text, r) ? body_length(r) : -1;
	free(text);
	if (n == -1)
		return -1;
	if (in->n - head < (size_t)n) {
		*expects = in->n == head && header(r, "expect") != NULL;
		return 0;
	}
	ke_buf_add(&r->body, in->s + head, (size_t)n);
	drop_front(in, head + (size_t)n);
	return 1;
}

void
request_free(struct request *r)
{
	free(r->method);
	free(r->target);
	free(r->name);
	cJSON_Delete(r->headers);
	cJSON_Delete(r->parsed);
	ke_buf_free(&r->body);
	*r = (struct request){0};
}
