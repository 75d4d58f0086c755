/* Requests in flight, all on one libcurl multi handle. */
#include <err.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "http.h"
#include "spawn.h"

#define CONNECT_MS 30000L

/* Seconds.  Streams that share a connection (HTTP/2) can be left waiting for
 * bytes that libcurl has read already, until a timer of theirs ends: seen with
 * 7.88.1, where one in some hundred requests took 30 s more.  So now and then
 * all are looked at. */
#define LOOK 0.25
#define READY 64 /* descriptors looked at in one call */
#define DESCRIPTORS 16384 /* of 4096 requests, and a resolver's */

/* Bytes, in each of hundreds; the second is the least that libcurl takes. */
#define BUFFER 4096L
#define UPLOAD_BUFFER 16384L

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	static char token;
	struct http *h = arg;
	struct epoll_event ev = {.data.fd = fd};

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		/* one that is closed already has left by itself */
		epoll_ctl(h->epoll, EPOLL_CTL_DEL, fd, &ev);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	if (epoll_ctl(h->epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
	    fd, &ev) == -1)
		epoll_ctl(h->epoll, errno == EEXIST ? EPOLL_CTL_MOD
		    : EPOLL_CTL_ADD, fd, &ev);
	curl_multi_assign(h->multi, fd, &token);
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;

	(void)multi;
	h->due = ms < 0 ? 0 : ke_now() + (double)ms / 1e3;
	return 0;
}

/* As curl(1) does; libcurl itself reads only those for proxies. */
static void
find_authorities(struct http *h)
{
	h->ca_file = getenv("CURL_CA_BUNDLE");
	if (h->ca_file == NULL)
		h->ca_file = getenv("SSL_CERT_FILE");
	h->ca_dir = getenv("SSL_CERT_DIR");
}

int
http_open(struct http *h, struct ke_err *e)
{
	(void)ke_raise_descriptors(DESCRIPTORS);
	*h = (struct http){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	if (h->epoll == -1)
		return ke_fail(e, "epoll: %s", strerror(errno));
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (h->multi = curl_multi_init()) == NULL)
		return ke_fail(e, "libcurl can't be initialised");
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	find_authorities(h);
	return 0;
}

/* What the head of the answer says. */
static void
read_head(struct http_request *r)
{
	const char *type = NULL;

	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(r->easy, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL)
		snprintf(r->type, sizeof(r->type), "%.*s",
		    (int)strcspn(type, "; \t"), type);
}

static size_t
on_data(char *p, size_t size, size_t n, void *arg)
{
	struct http_request *r = arg;

	if (r->status == 0)
		read_head(r);
	return r->data(r, p, size * n) ? size * n : 0;
}

static size_t
on_body(char *to, size_t size, size_t n, void *arg)
{
	struct http_request *r = arg;
	size_t left = r->body_n - r->sent;

	n = size * n < left ? size * n : left;
	if (n > 0)
		memcpy(to, r->body + r->sent, n);
	r->sent += n;
	if (n > 0 && r->sent == r->body_n)
		r->need(r, false);
	return n;
}

/* A connection that was kept open turned out to be closed: libcurl takes
 * another, and begins again. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct http_request *r = arg;

	if (origin != SEEK_SET || offset < 0 || offset > (curl_off_t)r->body_n)
		return CURL_SEEKFUNC_FAIL;
	r->need(r, true);
	r->sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* What has a wrong type is a mistake of this file, which no caller could
 * mend: not looked at. */
static void
set_options(const struct http *h, struct http_request *r)
{
	CURL *c = r->easy;

	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_READDATA, r);
	curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(c, CURLOPT_SEEKDATA, r);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)r->body_n);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(c, CURLOPT_PRIVATE, r);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->why);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS,
	    lround(fmax(1, 1e3 * r->seconds)));
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, BUFFER);
	curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	/* many streams on one connection where the server has HTTP/2, which
	 * only TLS tells at once: else all would wait for the first answer */
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_PIPEWAIT,
	    (long)(strncasecmp(r->url, "https:", 6) == 0));
	if (h->ca_file != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_file);
	if (h->ca_dir != NULL)
		curl_easy_setopt(c, CURLOPT_CAPATH, h->ca_dir);
}

void
http_start(struct http *h, struct http_request *r)
{
	r->easy = curl_easy_init();
	r->need(r, true);
	r->sent = 0;
	r->code = CURLE_OK;
	r->status = 0;
	r->retry_after = -1;
	r->should_retry = -1;
	r->why[0] = '\0';
	r->type[0] = '\0';
	if (r->easy == NULL)
		errx(111, "out of memory");
	set_options(h, r);
	curl_multi_add_handle(h->multi, r->easy);
	h->n++;
}

void
http_stop(struct http *h, struct http_request *r)
{
	if (r->easy == NULL)
		return;
	curl_multi_remove_handle(h->multi, r->easy);
	curl_easy_cleanup(r->easy);
	r->easy = NULL;
	h->n--;
}

static const char *
header(const struct http_request *r, const char *name)
{
	struct curl_header *found;

	return curl_easy_header(r->easy, name, 0, CURLH_HEADER, -1, &found) ==
	    CURLHE_OK ? found->value : NULL;
}

/* What the server said of another attempt.  retry-after-ms and x-should-retry
 * are those that the vendors' own clients obey
 * (github.com/openai/openai-python, src/openai/_base_client.py). */
static void
read_retry(struct http_request *r)
{
	const char *ms = header(r, "retry-after-ms");
	const char *should = header(r, "x-should-retry");
	curl_off_t seconds = 0;
	char *end;
	double x = ms == NULL ? -1 : strtod(ms, &end);

	if (ms != NULL && end != ms && x >= 0 && isfinite(x)) {
		r->retry_after = x / 1e3;
	} else if (header(r, "retry-after") != NULL) {
		/* in seconds, or of a date */
		curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &seconds);
		r->retry_after = (double)seconds;
	}
	if (should != NULL)
		r->should_retry = strcmp(should, "true") == 0 ? 1
		    : strcmp(should, "false") == 0 ? 0 : -1;
}

static void
finish(struct http *h, const CURLMsg *m)
{
	CURL *easy = m->easy_handle;
	struct http_request *r;
	char *private;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	r = (struct http_request *)(void *)private;
	r->code = m->data.result;
	if (r->code != CURLE_OK && r->why[0] == '\0')
		snprintf(r->why, sizeof(r->why), "%s",
		    curl_easy_strerror(r->code));
	read_head(r);
	read_retry(r);
	curl_multi_remove_handle(h->multi, easy);
	curl_easy_cleanup(easy);
	r->easy = NULL;
	h->n--;
	r->done(r);
}

int
http_wait_ms(const struct http *h)
{
	double s, next = h->n > 0 ? h->look : 0;

	if (h->due != 0)
		next = next == 0 ? h->due : fmin(next, h->due);
	if (next == 0)
		return -1;
	s = next - ke_now();
	return s <= 0 ? 0 : (int)ceil(fmin(s, 1e6) * 1e3);
}

void
http_step(struct http *h)
{
	struct epoll_event ready[READY];
	int n = epoll_wait(h->epoll, ready, READY, 0), running, left;
	CURLMsg *m;

	for (int i = 0; i < n; i++) {
		int what = (ready[i].events & (EPOLLIN | EPOLLHUP) ?
		    CURL_CSELECT_IN : 0) |
		    (ready[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		    (ready[i].events & EPOLLERR ? CURL_CSELECT_ERR : 0);

		curl_multi_socket_action(h->multi, ready[i].data.fd, what,
		    &running);
	}
	if (h->due != 0 && ke_now() >= h->due) {
		h->due = 0;
		curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0,
		    &running);
	}
	if (h->n > 0 && ke_now() >= h->look) {
		h->look = ke_now() + LOOK;
		curl_multi_perform(h->multi, &running);
	}
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			finish(h, m);
}
