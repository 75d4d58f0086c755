/* The server that is asked. */
#include <stdlib.h>
#include <string.h>

#include "secret.h"
#include "server.h"

static int
add_header(struct server *s, const char *line)
{
	struct curl_slist *more = curl_slist_append(s->headers, line);

	if (more != NULL)
		s->headers = more;
	return more == NULL ? -1 : 0;
}

/* One that needs a key is there once the key is: what is missing is told with
 * every record. */
static void
add_secret_header(struct server *s, const char *text)
{
	struct ke_buf line = {0};

	if (secret_expand(&line, text, &s->no_key) == 0)
		add_header(s, line.s);
	ke_buf_free(&line);
}

static int
open_headers(struct server *s, const struct server_options *o,
    struct ke_err *e)
{
	const char *key = o->key == NULL ? s->protocol->key : o->key;
	struct ke_buf auth = {0};

	add_header(s, "Content-Type: application/json");
	add_header(s, "Accept: text/event-stream, application/json");
	add_header(s, "User-Agent: ke-gen/" KE_VERSION);
	add_header(s, "Expect:"); /* else libcurl waits before a long body */
	if (s->protocol->version != NULL)
		add_header(s, s->protocol->version);
	if (*key != '\0') {
		ke_buf_fmt(&auth, "%s${%s}", s->protocol->auth, key);
		add_secret_header(s, auth.s);
		ke_buf_free(&auth);
	}
	for (size_t i = 0; i < o->n_headers; i++) {
		const char *h = o->headers[i];
		size_t name = strcspn(h, ":");

		if (name == 0 || h[name] == '\0' ||
		    strcspn(h, "\r\n") != strlen(h))
			return ke_fail(e, "-H: not 'Name: value'");
		add_secret_header(s, h);
	}
	return 0;
}

static int
open_url(struct server *s, const char *url, struct ke_err *e)
{
	CURLUcode bad;
	char *scheme = NULL;
	bool known;

	s->base = curl_url();
	bad = curl_url_set(s->base, CURLUPART_URL, url, 0);
	if (bad != CURLUE_OK)
		return ke_fail(e, "-u: %s: %s", url, curl_url_strerror(bad));
	curl_url_get(s->base, CURLUPART_SCHEME, &scheme, 0);
	known = scheme != NULL && (strcmp(scheme, "https") == 0 ||
	    strcmp(scheme, "http") == 0);
	curl_free(scheme);
	return known ? 0 : ke_fail(e, "-u: %s: neither http nor https", url);
}

int
server_open(struct server *s, const struct protocol *p,
    const struct server_options *o, struct ke_err *e)
{
	*s = (struct server){.protocol = p, .timeout = o->timeout,
	    .budget = BUDGET_NONE, .requests = {o->requests / 60, 0},
	    .tokens = {o->tokens / 60, 0}};
	if (http_open(&s->http, e) == -1 ||
	    open_url(s, o->url == NULL ? p->url : o->url, e) == -1 ||
	    open_headers(s, o, e) == -1)
		return -1;
	if (o->prices != NULL && prices_read(&s->prices, o->prices, e) == -1)
		return -1;
	if (o->budget != NULL && budget_parse(&s->budget, o->budget, e) == -1)
		return -1;
	if (s->budget.max.usd >= 0 && s->prices.n == 0)
		return ke_fail(e, "-M: usd needs prices (-c)");
	secret_forget();
	return 0;
}

/* The path of the base and that of the protocol, one slash between them. */
static void
set_path(CURLU *u, const char *more, size_t n)
{
	struct ke_buf path = {0};
	char *base = NULL;
	size_t len;

	curl_url_get(u, CURLUPART_PATH, &base, 0);
	len = base == NULL ? 0 : strlen(base);
	while (len > 0 && base[len - 1] == '/')
		len--;
	ke_buf_add(&path, base, len);
	ke_buf_add(&path, more, n);
	curl_url_set(u, CURLUPART_PATH, path.s, 0);
	curl_free(base);
	ke_buf_free(&path);
}

char *
server_url(const struct server *s, const struct question *q)
{
	CURLU *u = curl_url_dup(s->base);
	struct ke_buf path = {0};
	char *got = NULL, *url;
	size_t n;

	s->protocol->path(q, &path);
	n = strcspn(path.s, "?");
	set_path(u, path.s, n);
	if (path.s[n] == '?')
		curl_url_set(u, CURLUPART_QUERY, path.s + n + 1,
		    CURLU_APPENDQUERY);
	curl_url_get(u, CURLUPART_URL, &got, 0);
	url = ke_strdup(got == NULL ? "" : got);
	curl_free(got);
	curl_url_cleanup(u);
	ke_buf_free(&path);
	return url;
}
