/* A question on its way. */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ask.h"
#include "retry.h"
#include "secret.h"
#include "spawn.h"

/* A stream that says nothing for this share of the deadline has stalled. */
#define STALL_SHARE 0.25
/* Seconds for a server to close the stream after its last event. */
#define GRACE 1.0
#define BYTES_A_TOKEN 4.0
#define OUT_GUESS 1024.0 /* tokens, before any answer was seen */

static double
draw(void)
{
	uint64_t x = 0;

	/* not from the seed: who runs the same twice must not wait the same */
	if (getrandom(&x, sizeof(x), GRND_NONBLOCK) != sizeof(x))
		return 0.5;
	return (double)(x >> 11) * 0x1p-53;
}

static void
wake(struct server *s, double at)
{
	if (s->due == 0 || at < s->due)
		s->due = at;
}

/* Takes it from those that go on. */
static void
leave(struct ask *a)
{
	struct server *s = a->server;
	size_t i = 0;

	while (i < s->n && s->asks[i] != a)
		i++;
	if (i == s->n)
		return;
	s->n--;
	s->left++;
	memmove(&s->asks[i], &s->asks[i + 1], (s->n - i) * sizeof(s->asks[0]));
	wake(s, ke_now()); /* others may have waited for it */
}

static void
end(struct ask *a, const char *code)
{
	a->code = code;
	if (code != NULL)
		secret_hide(a->why.msg);
	leave(a);
	a->done(a->ctx, a);
}

/* What the attempt has cost: as the server said, else as long as it was.  One
 * of which nothing came has cost nothing. */
static struct usage
spent(const struct ask *a, bool whole)
{
	const struct hearing *h = &a->hearing;
	struct usage u = h->reply.usage;
	size_t text = h->reply.text.n + h->reply.reasoning.n;
	int64_t out = (int64_t)ceil((double)text / BYTES_A_TOKEN);

	if (!whole && u.in == -1 && text == 0)
		return (struct usage){0};
	if (u.in == -1)
		u.in = (int64_t)((double)a->body_n / BYTES_A_TOKEN);
	if (u.out == -1 || (!whole && u.out < out))
		u.out = out;
	return u;
}

static void
settle(struct ask *a, bool whole)
{
	struct server *s = a->server;
	struct usage u = spent(a, whole);
	const struct price *p = prices_find(&s->prices, a->model);
	struct cost cost = {.tokens = (double)(u.in + u.out)};

	if (p != NULL)
		cost.usd = price_of(p, &u);
	if (a->held) {
		budget_settle(&s->budget, a->worst, cost);
		wake(s, ke_now()); /* others may have waited for it */
	}
	a->held = false;
	usage_add(&a->usage, &a->hearing.reply.usage);
	limit_correct(&s->tokens, cost.tokens - a->estimate);
	if (whole)
		s->out_mean += ((double)u.out - s->out_mean) /
		    (double)++s->answered;
}

/* What failed, and whether it may go well next time. */
struct failure {
	const char *code;
	bool again, paid;
	long status;
	double asked; /* seconds, or -1 */
};

static struct failure
judge_connection(struct ask *a, const struct http_request *r)
{
	ke_fail(&a->why, "%s", r->why);
	return (struct failure){.asked = -1,
	    .code = r->code == CURLE_OPERATION_TIMEDOUT ? "timeout" : "network",
	    .again = retry_connection(r->code),
	    .paid = a->hearing.streamed || a->hearing.body.n > 0};
}

static struct failure
judge(struct ask *a, const struct http_request *r)
{
	const struct hearing *h = &a->hearing;
	struct failure f = {.code = "server", .status = r->status,
	    .asked = r->retry_after};

	switch (h->fault) {
	case FAULT_NONE:
		return judge_connection(a, r);
	case FAULT_SAID:
		f.again = r->status >= 300 ? retry_status(r->status)
		    : retry_kind(h->kind);
		if (r->should_retry != -1)
			f.again = r->should_retry;
		if (retry_never(h->kind))
			f.again = false;
		if (f.asked < 0 && h->kind[0] != '\0')
			f.asked = h->delay;
		f.paid = h->reply.text.n > 0;
		break;
	case FAULT_BROKEN:
		f.again = f.paid = true;
		break;
	case FAULT_LONG:
		f.code = "too_long";
		break;
	}
	ke_fail(&a->why, "%s", h->why.msg);
	return f;
}

static void
note_retry(struct ask *a, const struct failure *f, double wait)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set_number(o, "seconds", round(wait * 1e3) / 1e3);
	if (f->status != 0)
		ke_json_set_number(o, "status", (double)f->status);
	secret_hide(a->why.msg);
	ke_json_set_string(o, "why", a->why.msg);
	if (strcmp(a->server->told.msg, a->why.msg) != 0)
		a->server->news = a->server->told = a->why;
	if (a->retries == NULL)
		a->retries = cJSON_CreateArray();
	cJSON_AddItemToArray(a->retries, o);
}

static void
reset_hearing(struct ask *a)
{
	const struct protocol *p = a->hearing.protocol;

	hear_free(&a->hearing);
	a->hearing = (struct hearing){.protocol = p,
	    .reply.usage = USAGE_NONE};
}

/* Another attempt, or the end. */
static void
fail(struct ask *a, const struct failure *f)
{
	double wait = retry_wait(a->attempts, draw(), f->asked);
	double now = ke_now();
	struct ke_err why = a->why;

	a->paid += f->paid;
	if (!f->again || a->paid > RETRY_PAID) {
		end(a, f->code);
	} else if (now + wait >= a->deadline) {
		ke_fail(&a->why, "%s (and no time for another attempt)",
		    why.msg);
		end(a, now >= a->deadline ? "timeout" : f->code);
	} else {
		note_retry(a, f, wait);
		a->due = now + wait;
		wake(a->server, a->due);
	}
}

static void
end_late(struct ask *a)
{
	ke_fail(&a->why, "no answer within %g s", a->server->timeout);
	end(a, "timeout");
}

static void
attempt_done(struct http_request *r)
{
	struct ask *a = (struct ask *)(void *)((char *)r -
	    offsetof(struct ask, request));
	struct hearing *h = &a->hearing;
	bool whole = r->code == CURLE_OK && hear_out(h, r->status, r->type);
	struct failure f;

	/* what is said after the last event is of no interest */
	if (!whole && h->ended && h->fault == FAULT_NONE)
		whole = hear_out(h, r->status, r->type);
	settle(a, whole);
	if (whole) {
		end(a, NULL);
	} else if (r->code == CURLE_OPERATION_TIMEDOUT &&
	    ke_now() >= a->deadline - 0.01) {
		end_late(a);
	} else {
		f = judge(a, r);
		fail(a, &f);
	}
}

/* Seconds for which nothing may come. */
static double
patience(const struct ask *a)
{
	return a->hearing.ended ? GRACE : a->server->timeout * STALL_SHARE;
}

static bool
attempt_data(struct http_request *r, const char *p, size_t n)
{
	struct ask *a = (struct ask *)(void *)((char *)r -
	    offsetof(struct ask, request));
	const struct reply *reply = &a->hearing.reply;
	size_t before = reply->text.n + reply->reasoning.n;
	bool good = hear(&a->hearing, r->status, r->type, p, n);

	a->heard = ke_now();
	wake(a->server, a->heard + patience(a));
	a->server->heard += reply->text.n + reply->reasoning.n - before;
	return good;
}

/* What a request may cost at most: no token is shorter than a byte. */
static int
hold(struct ask *a)
{
	struct server *s = a->server;
	const struct price *p = prices_find(&s->prices, a->model);
	int64_t in = (int64_t)a->body_n;

	if (!budget_bounds(&s->budget))
		return MAY_NOW;
	if (s->budget.max.usd >= 0 && p == NULL) {
		ke_fail(&a->why, "no price of %s", a->model);
		return MAY_NEVER;
	}
	if (a->out_max == -1) {
		ke_fail(&a->why, "no bound on the output (as -p "
		    "max_tokens=8192 is)");
		return MAY_NEVER;
	}
	a->worst = (struct cost){.tokens = (double)(in + a->out_max),
	    .usd = p == NULL ? 0 : price_bound(p, in, a->out_max)};
	ke_fail(&a->why, "spent %g tokens and %g USD, and this could take "
	    "%g and %g", s->budget.spent.tokens, s->budget.spent.usd,
	    a->worst.tokens, a->worst.usd);
	return (int)budget_hold(&s->budget, a->worst);
}

static void
send_request(struct ask *a, double now)
{
	struct server *s = a->server;
	double out = s->answered > 0 ? s->out_mean : OUT_GUESS;

	if (a->deadline == 0)
		a->deadline = now + s->timeout;
	if (a->out_max != -1)
		out = fmin(out, (double)a->out_max);
	a->held = budget_bounds(&s->budget);
	a->estimate = (double)a->body_n / BYTES_A_TOKEN + out;
	limit_take(&s->requests, now, 1);
	limit_take(&s->tokens, now, a->estimate);
	reset_hearing(a);
	a->attempts++;
	a->heard = now;
	a->request.seconds = a->deadline - now;
	http_start(&s->http, &a->request);
}

/* Sends it where it may be sent.  It may have ended when this returns. */
static void
try_send(struct ask *a, double now)
{
	struct server *s = a->server;
	double wait = fmax(limit_wait(&s->requests, now),
	    limit_wait(&s->tokens, now));

	if (a->deadline != 0 && now >= a->deadline) {
		end_late(a);
		return;
	}
	if (a->deadline != 0)
		wake(s, a->deadline);
	if (a->due > now || wait > 0) {
		wake(s, fmax(a->due, now + wait));
		return;
	}
	switch ((enum may)hold(a)) {
	case MAY_NEVER:
		end(a, "budget");
		break;
	case MAY_LATER: /* until another ends, which wakes us */
		break;
	case MAY_NOW:
		send_request(a, now);
		break;
	}
}

/* Ends an attempt that began to answer and says nothing any more. */
static void
check_stall(struct ask *a, double now)
{
	const struct hearing *h = &a->hearing;
	double most = patience(a);

	if (!h->streamed && h->body.n == 0)
		return;
	if (now < a->heard + most) {
		wake(a->server, a->heard + most);
		return;
	}
	http_stop(&a->server->http, &a->request);
	a->request.code = CURLE_OPERATION_TIMEDOUT;
	snprintf(a->request.why, sizeof(a->request.why),
	    "the stream said nothing for %g s", most);
	attempt_done(&a->request);
}

static void
look(struct server *s, double now)
{
	s->due = 0;
	for (size_t i = 0; i < s->n;) {
		struct ask *a = s->asks[i];
		size_t left = s->left;

		if (a->request.easy == NULL)
			try_send(a, now);
		else
			check_stall(a, now);
		/* where it has ended, the next has taken its place */
		i += s->left == left;
	}
}

void
ask_step(struct server *s)
{
	double now;

	http_step(&s->http);
	now = ke_now();
	if (s->due != 0 && now >= s->due)
		look(s, now);
}

void
ask_watch(const struct server *s, struct ke_buf *polls, int *timeout_ms)
{
	struct pollfd p = {.fd = s->http.epoll, .events = POLLIN};
	int wait[] = {http_wait_ms(&s->http), -1};

	ke_buf_add(polls, &p, sizeof(p));
	if (s->due != 0)
		wait[1] = (int)ceil(fmin(1e6, fmax(0, s->due - ke_now())) *
		    1e3);
	for (size_t i = 0; i < KE_LEN(wait); i++)
		if (wait[i] >= 0 && (*timeout_ms == -1 ||
		    wait[i] < *timeout_ms))
			*timeout_ms = wait[i];
}

/* Makes the body where there is none; the same each time. */
static void
make_body(struct ask *a)
{
	cJSON *body;

	if (a->body != NULL)
		return;
	body = protocol_body(a->server->protocol, &a->question);
	a->body = ke_json_print(body);
	a->body_n = strlen(a->body);
	/* what it grew beyond that, in each of hundreds, is much */
	a->body = ke_grow(a->body, a->body_n + 1, 1);
	a->out_max = protocol_output_max(body);
	cJSON_Delete(body);
}

static void
need_body(struct http_request *r, bool needed)
{
	struct ask *a = (struct ask *)(void *)((char *)r -
	    offsetof(struct ask, request));

	if (needed) {
		make_body(a);
	} else {
		free(a->body);
		a->body = NULL;
	}
	r->body = a->body;
}

struct ask *
ask_start(struct server *s, const struct question *q,
    void (*done)(void *ctx, struct ask *), void *ctx)
{
	struct ask *a = ke_calloc(1, sizeof(*a));

	*a = (struct ask){.server = s, .done = done, .ctx = ctx,
	    .question = *q, .usage = USAGE_NONE, .url = server_url(s, q),
	    .model = ke_strdup(q->model), .due = ke_now(),
	    .hearing = {.protocol = s->protocol, .reply.usage = USAGE_NONE}};
	make_body(a);
	a->request = (struct http_request){.url = a->url,
	    .body_n = a->body_n, .headers = s->headers, .data = attempt_data,
	    .need = need_body, .done = attempt_done};
	if (s->n == s->cap) {
		s->cap = 2 * s->cap + 8;
		s->asks = ke_grow(s->asks, s->cap, sizeof(s->asks[0]));
	}
	s->asks[s->n++] = a;
	wake(s, a->due);
	return a;
}

void
ask_stop(struct ask *a)
{
	if (a->request.easy != NULL) {
		http_stop(&a->server->http, &a->request);
		settle(a, false);
	}
	leave(a);
}

void
ask_free(struct ask *a)
{
	if (a == NULL)
		return;
	ask_stop(a);
	hear_free(&a->hearing);
	cJSON_Delete(a->retries);
	free(a->body);
	free(a->url);
	free(a->model);
	free(a);
}
