/* A connection: bytes in, requests out of them, answers back in their time.
 * Also the log: a JSON line for each request, and one where a client left
 * before it had its answer. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "server.h"
#include "spawn.h"

/* What a read or a write may come to beside a count. */
enum { AGAIN = -1, ENDED = 0 };

static int
tls_says(struct conn *c, int r)
{
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		c->wants = POLLIN;
		return AGAIN;
	case SSL_ERROR_WANT_WRITE:
		c->wants = POLLOUT;
		return AGAIN;
	default:
		ERR_clear_error();
		return ENDED;
	}
}

static int
plain_says(struct conn *c, ssize_t r, short wants)
{
	if (r > 0)
		return (int)r;
	if (r == -1 && (errno == EAGAIN || errno == EINTR)) {
		c->wants = wants;
		return AGAIN;
	}
	return ENDED;
}

static int
read_some(struct conn *c, char *to, size_t n)
{
	int r;

	if (c->ssl == NULL)
		return plain_says(c, recv(c->fd, to, n, 0), POLLIN);
	r = SSL_read(c->ssl, to, (int)n);
	return r > 0 ? r : tls_says(c, r);
}

static int
write_some(struct conn *c, const char *from, size_t n)
{
	int r;

	if (c->ssl == NULL)
		return plain_says(c, send(c->fd, from, n, MSG_NOSIGNAL),
		    POLLOUT);
	r = SSL_write(c->ssl, from, n > 1 << 20 ? 1 << 20 : (int)n);
	return r > 0 ? r : tls_says(c, r);
}

/* Writes a line of the log, and frees it. */
static void
log_line(const struct server *s, const struct conn *c, cJSON *line)
{
	struct timespec now;
	char *text;

	clock_gettime(CLOCK_REALTIME, &now);
	ke_json_set_number(line, "t",
	    (double)now.tv_sec + (double)(now.tv_nsec / 1000000) / 1e3);
	ke_json_set_number(line, "conn", c->number);
	text = ke_json_print(line);
	if (s->log != -1 && dprintf(s->log, "%s\n", text) < 0)
		err(111, "log");
	free(text);
	cJSON_Delete(line);
}

static void
log_request(const struct server *s, const struct conn *c)
{
	const struct request *r = &c->request;
	cJSON *line = cJSON_CreateObject();

	ke_json_set_string(line, "method", r->method);
	ke_json_set_string(line, "target", r->target);
	ke_json_set(line, "headers", cJSON_Duplicate(r->headers, true));
	if (r->json != NULL)
		ke_json_set(line, "body", cJSON_Duplicate(r->json, true));
	else
		ke_json_set_text(line, "text", r->body.s, r->body.n);
	ke_json_set_number(line, "status", c->answer.status);
	ke_json_set_number(line, "entry", (double)c->answer.entry);
	ke_json_set_number(line, "open", s->open);
	log_line(s, c, line);
}

static void
log_leave(const struct server *s, const struct conn *c)
{
	cJSON *line = cJSON_CreateObject();

	ke_json_set(line, "left", cJSON_CreateTrue());
	ke_json_set_number(line, "sent", (double)c->sent);
	log_line(s, c, line);
}

static void
answer_free(struct answer *a)
{
	ke_buf_free(&a->bytes);
	ke_buf_free(&a->parts);
	*a = (struct answer){0};
}

static const struct part *
part_now(const struct conn *c)
{
	return (const struct part *)(const void *)c->answer.parts.s + c->part;
}

static size_t
parts_count(const struct conn *c)
{
	return c->answer.parts.n / sizeof(struct part);
}

static void
start_answer(struct server *s, struct conn *c)
{
	answer_make(&c->answer, &s->script, &c->request, ++s->requests);
	s->open++;
	log_request(s, c);
	c->busy = true;
	c->sent = c->part = 0;
	c->due = ke_now_ms() + part_now(c)->pause;
}

/* What follows the last byte. */
static void
end_answer(struct server *s, struct conn *c)
{
	enum ending ending = c->answer.ending;
	struct linger hard = {.l_onoff = 1};

	if (ending == END_STALL)
		return; /* until the client goes */
	c->busy = false;
	s->open--;
	answer_free(&c->answer);
	switch (ending) {
	case END_RESET:
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		c->closed = true;
		break;
	case END_CLOSE:
		if (c->ssl != NULL)
			SSL_shutdown(c->ssl);
		c->closed = true;
		break;
	case END_CUT:
		c->closed = true;
		break;
	case END_TUNNEL:
		c->ssl = SSL_new(s->tls);
		SSL_set_fd(c->ssl, c->fd);
		SSL_set_accept_state(c->ssl);
		break;
	case END_KEEP:
	case END_STALL:
		break;
	}
}

/* Sends what is due: true where there may be more to do at once. */
static bool
send_parts(struct server *s, struct conn *c)
{
	while (c->part < parts_count(c)) {
		int r;

		if (ke_now_ms() < c->due)
			return false;
		if (part_now(c)->end == c->sent) {
			if (++c->part < parts_count(c))
				c->due = ke_now_ms() + part_now(c)->pause;
			continue;
		}
		r = write_some(c, c->answer.bytes.s + c->sent,
		    part_now(c)->end - c->sent);
		if (r == AGAIN)
			return false;
		if (r == ENDED) {
			log_leave(s, c);
			c->closed = true;
			return false;
		}
		c->sent += (size_t)r;
	}
	end_answer(s, c);
	return !c->busy && !c->closed;
}

/* A request from what has come: true where an answer was begun. */
static bool
take_request(struct server *s, struct conn *c)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	bool expects;
	int r = http_parse(&c->in, &c->request, &expects);

	if (r == 1)
		start_answer(s, c);
	else if (r == -1)
		c->closed = true;
	else if (expects && write_some(c, go_on, sizeof(go_on) - 1) <= 0)
		c->closed = true;
	return r == 1;
}

/* Reads what is there: false where nothing was. */
static bool
read_bytes(struct server *s, struct conn *c)
{
	char bytes[16384];
	int r = read_some(c, bytes, sizeof(bytes));

	if (r > 0)
		ke_buf_add(&c->in, bytes, (size_t)r);
	if (r == ENDED) {
		if (c->busy)
			log_leave(s, c);
		c->closed = true;
	}
	return r > 0;
}

void
conn_step(struct server *s, struct conn *c)
{
	bool more = true;

	while (more && !c->closed) {
		c->wants = POLLIN;
		more = read_bytes(s, c);
		if (!c->closed && !c->busy)
			more = take_request(s, c) || more;
		if (!c->closed && c->busy)
			more = send_parts(s, c) || more;
	}
}

void
conn_open(struct server *s, int fd)
{
	struct conn *c;

	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 64 : s->cap * 2;
		s->conns = ke_grow(s->conns, s->cap, sizeof(*s->conns));
	}
	c = &s->conns[s->n++];
	s->accepted++;
	*c = (struct conn){.fd = fd, .number = s->accepted, .wants = POLLIN};
	if (s->tls != NULL && !s->tunnel) {
		c->ssl = SSL_new(s->tls);
		SSL_set_fd(c->ssl, fd);
		SSL_set_accept_state(c->ssl);
	}
}

void
conn_close(struct server *s, struct conn *c)
{
	s->open -= c->busy;
	SSL_free(c->ssl);
	close(c->fd);
	ke_buf_free(&c->in);
	request_free(&c->request);
	answer_free(&c->answer);
}
