/* The backend that asks a command: the prompt on its standard input, the
 * answer on its standard output. */
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "signals.h"
#include "spawn.h"

#define TIMEOUT 600.0              /* seconds */
#define ANSWER_MAX ((size_t)10 << 20) /* bytes */

struct call {
	struct job job;
	struct ke_child child;
	struct ke_buf prompt;
};

struct exec {
	size_t n;
	struct call *calls; /* as many as may be in flight */
	int signals; /* signals.h */
};

static int
open_exec(struct gen *g, struct ke_err *e)
{
	struct exec *x = ke_calloc(1, sizeof(*x));

	x->calls = ke_calloc((size_t)g->in_flight, sizeof(*x->calls));
	x->signals = signals_open(e);
	g->state = x;
	return x->signals == -1 ? 111 : 0;
}

static void
take_exec(struct gen *g, struct job job)
{
	struct exec *x = g->state;
	struct call *c = &x->calls[x->n];
	char sh[] = "sh", minus_c[] = "-c", *command = ke_strdup(g->arg);
	char *const argv[] = {sh, minus_c, command, NULL};
	struct ke_spawn s = {.argv = argv, .output_max = ANSWER_MAX,
	    .timeout_ms = (int)(1e3 *
	    (g->timeout > 0 ? g->timeout : TIMEOUT)),
	    .stderr_apart = true};
	struct ke_err e;

	*c = (struct call){.job = job};
	gen_section(job.rec, g, g->arg);
	if (!gen_prompt(job.rec, &c->prompt)) {
		gen_fail(g, &job, "no_prompt", "prompt.messages: missing");
		ke_buf_free(&c->prompt);
	} else {
		s.input = c->prompt.s;
		s.input_n = c->prompt.n;
		if (ke_spawn(&c->child, &s, &e) == 0)
			x->n++;
		else
			gen_fail(g, &job, "command", "%s", e.msg);
	}
	free(command);
}

static void
end_call(struct gen *g, struct call *c)
{
	char words[64];

	ke_child_words(&c->child, words, sizeof(words));
	gen_spent(&c->job, c->child.timed_out ? "timeout"
	    : c->child.cut ? "length" : c->child.status != 0 ? "failed"
	    : "stop");
	if (c->child.timed_out)
		gen_fail(g, &c->job, "timeout", "%s", words);
	else if (c->child.cut)
		gen_fail(g, &c->job, "too_long", "more than %zu bytes",
		    ANSWER_MAX);
	else if (c->child.status != 0)
		gen_fail(g, &c->job, "command", "%s", words);
	else
		gen_answer(g, &c->job, c->child.output.s, c->child.output.n);
	ke_buf_free(&c->child.output);
	ke_buf_free(&c->prompt);
}

static void
watch_exec(struct gen *g, struct ke_buf *polls, int *timeout_ms)
{
	struct exec *x = g->state;
	struct pollfd p[KE_CHILD_POLL] = {
	    {.fd = x->signals, .events = POLLIN}};

	ke_buf_add(polls, p, sizeof(p[0]));
	for (size_t i = 0; i < x->n; i++) {
		ke_child_poll(&x->calls[i].child, p, timeout_ms);
		ke_buf_add(polls, p, sizeof(p));
	}
}

static void
close_exec(struct gen *g)
{
	struct exec *x = g->state;

	for (size_t i = 0; i < x->n; i++)
		ke_child_kill(&x->calls[i].child);
}

static void
step_exec(struct gen *g)
{
	struct exec *x = g->state;
	int sig = signals_take(x->signals);
	size_t i = 0;

	if (sig != 0) {
		close_exec(g);
		signals_die(sig);
	}
	while (i < x->n) {
		struct call ended;

		if (!ke_child_step(&x->calls[i].child)) {
			i++;
			continue;
		}
		ended = x->calls[i];
		x->calls[i] = x->calls[--x->n];
		end_call(g, &ended);
	}
}

const struct backend backend_exec = {"exec", "CMD", open_exec, take_exec,
	NULL, watch_exec, step_exec, close_exec};
