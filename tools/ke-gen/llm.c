/* The backends that ask a model over the network.  A record is a talk: the
 * prompt, the answer, and where that has no usable candidate one more turn
 * with the reason. */
#include <err.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "gen.h"
#include "sampling.h"
#include "secret.h"
#include "signals.h"
#include "spawn.h"
#include "talk.h"

#define TIMEOUT 600.0 /* seconds */
#define SHOW_S 0.1    /* between two looks at how far we are */

static int
open_llm(struct gen *g, struct ke_err *e)
{
	struct llm *l = ke_calloc(1, sizeof(*l));
	struct server_options *o = &g->llm.server;

	g->state = l;
	secret_guard();
	o->timeout = g->timeout > 0 ? g->timeout : TIMEOUT;
	if (o->prices == NULL)
		o->prices = getenv("KE_PRICES");
	if (g->llm.models == NULL || (g->llm.may_evaluate &&
	    g->llm.calls == 0)) {
		ke_fail(e, g->llm.models == NULL ? "needs a model (-m)"
		    : "-e needs tools (-a)");
		return 2;
	}
	l->sampling = sampling_open(g->llm.models, g->llm.temperatures,
	    g->seed, e);
	if (l->sampling == NULL || server_open(&l->server,
	    protocol_find(g->backend->name), o, e) == -1)
		return 2;
	if (l->server.no_key.msg[0] != '\0' && !g->quiet)
		warnx("%s", l->server.no_key.msg);
	l->signals = g->llm.calls == 0 ? -1 : signals_open(e);
	if (g->llm.calls > 0 && l->signals == -1)
		return 111;
	l->shown = g->quiet || !isatty(STDERR_FILENO) ? INFINITY : 0;
	return 0;
}

static void
take_llm(struct gen *g, struct job job)
{
	struct llm *l = g->state;

	talk_start(g, l, job);
}

static void
pass_llm(struct gen *g, const cJSON *rec)
{
	struct llm *l = g->state;

	sampling_skip(l->sampling, rec);
}

static void
watch_llm(struct gen *g, struct ke_buf *polls, int *timeout_ms)
{
	struct llm *l = g->state;
	struct pollfd p = {.fd = l->signals, .events = POLLIN};

	ke_buf_add(polls, &p, sizeof(p));
	ask_watch(&l->server, polls, timeout_ms);
	talk_watch(l, polls, timeout_ms);
}

static void
show(struct gen *g, struct llm *l)
{
	double now = ke_now();
	char words[128];

	if (g->busy == 0 || now < l->shown + SHOW_S)
		return;
	l->shown = now;
	snprintf(words, sizeof(words), "%zu asked, %zu answered, %zu failed; "
	    "about %zu tokens", g->busy, l->good, l->bad,
	    l->server.heard / 4);
	gen_show(g, words);
}

/* Attempts that fail would look like a long silence.  Said once, until they
 * fail for another reason. */
static void
tell_news(struct gen *g, struct ke_err *news)
{
	if (news->msg[0] == '\0')
		return;
	gen_clear(g);
	if (!g->quiet)
		warnx("%s; trying again", news->msg);
	news->msg[0] = '\0';
}

static void
step_llm(struct gen *g)
{
	struct llm *l = g->state;
	int sig = l->signals == -1 ? 0 : signals_take(l->signals);

	if (sig != 0) {
		talk_close(l);
		gen_clear(g);
		signals_die(sig);
	}
	ask_step(&l->server);
	talk_step(l);
	tell_news(g, &l->server.news);
	show(g, l);
}

/* The sum, for people. */
static void
close_llm(struct gen *g)
{
	struct llm *l = g->state;
	const struct usage *u = &l->usage;

	talk_close(l);
	gen_clear(g);
	if (!g->verbose || l->good + l->bad == 0)
		return;
	warnx("%zu answered, %zu failed; tokens in %lld (cached %lld), out "
	    "%lld; %g USD", l->good, l->bad, (long long)(u->in < 0 ? 0
	    : u->in), (long long)(u->cached < 0 ? 0 : u->cached),
	    (long long)(u->out < 0 ? 0 : u->out), l->usd);
}

#define BACKEND(name) \
	const struct backend backend_##name = {#name, NULL, open_llm, \
	    take_llm, pass_llm, watch_llm, step_llm, close_llm}
BACKEND(anthropic);
BACKEND(openai);
BACKEND(responses);
BACKEND(gemini);
