/* A record in the hands of a model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "spawn.h"
#include "talk_parts.h"

/* The prompt's messages, or NULL where they aren't any.  Their text is the
 * record's own. */
static cJSON *
prompt_of(const cJSON *rec)
{
	static const char *const roles[] = {"system", "user", "assistant"};
	const cJSON *m, *from = ke_json_array(ke_json_object(rec, "prompt"),
	    "messages");
	cJSON *to = cJSON_CreateArray();
	bool good = cJSON_GetArraySize(from) > 0;

	cJSON_ArrayForEach(m, from) {
		const char *role = ke_json_string(m, "role");
		const char *content = ke_json_string(m, "content");
		cJSON *copy = cJSON_CreateObject();
		size_t i = 0;

		while (role != NULL && i < KE_LEN(roles) &&
		    strcmp(roles[i], role) != 0)
			i++;
		cJSON_AddItemToArray(to, copy);
		if (role == NULL || i == KE_LEN(roles) || content == NULL) {
			good = false;
			break;
		}
		ke_json_set_string(copy, "role", role);
		/* prompts are long, and many are in flight */
		ke_json_set(copy, "content",
		    cJSON_CreateStringReference(content));
	}
	if (!good)
		cJSON_Delete(to);
	return good ? to : NULL;
}

static void ask_model(struct talk *);

static void
free_talk(struct talk *t)
{
	struct llm *l = t->llm;
	size_t i = 0;

	while (i < l->n && l->talks[i] != t)
		i++;
	if (i < l->n)
		l->talks[i] = l->talks[--l->n];
	ask_free(t->ask);
	steps_close(t->steps);
	cJSON_Delete(t->messages);
	cJSON_Delete(t->retries);
	free(t);
}

static void
end_good(struct talk *t, const char *finish)
{
	note_end(t, finish);
	/* that of the turn before, where there was one */
	cJSON_DeleteItemFromObjectCaseSensitive(
	    ke_json_object(t->job.rec, "gen"), "answer");
	t->llm->good++;
	gen_end(t->g, &t->job);
	free_talk(t);
}

static void
end_bad(struct talk *t, const char *finish, const char *code,
    const struct ke_err *why)
{
	note_end(t, finish);
	t->llm->bad++;
	gen_fail(t->g, &t->job, code, "%s", why->msg);
	free_talk(t);
}

static void
add_turn(struct talk *t, const struct reply *r)
{
	cJSON *turn = cJSON_CreateObject();

	ke_json_set(turn, "raw", cJSON_Duplicate(r->turn, 1));
	cJSON_AddItemToArray(t->messages, turn);
}

/* Sends the answer back with what is wrong with it. */
static void
repair(struct talk *t, const struct reply *r, const struct ke_err *why)
{
	cJSON *again = protocol_object("role", "user");
	struct ke_buf words = {0};

	add_turn(t, r);
	ke_buf_fmt(&words, "This answer can't be used: %s.\n\nPlease answer "
	    "again, complete and in the form that was asked for.", why->msg);
	ke_json_set_string(again, "content", words.s);
	cJSON_AddItemToArray(t->messages, again);
	ke_buf_free(&words);
	t->repaired = true;
	ask_model(t);
}

/* The error code of an answer without a candidate. */
static const char *
code_of(const char *finish)
{
	return strcmp(finish, "refusal") == 0 || strcmp(finish, "filter") == 0
	    ? finish : "no_candidate";
}

/* Looks for the candidate: in the folder, where there is one and it was
 * changed there, else in the text. */
static bool
find_candidate(struct talk *t, const struct reply *r, struct ke_err *e)
{
	const char *text = r->text.n == 0 ? "" : r->text.s;
	char *source = t->steps == NULL ? NULL : steps_candidate(t->steps);
	bool found = source == NULL
	    ? gen_try(t->g, &t->job, text, r->text.n, e)
	    : gen_file(t->g, &t->job, source, text, e);

	free(source);
	return found;
}

/* Is this an answer that ends in calls, which start now? */
static bool
makes_calls(struct talk *t, const struct reply *r, const char **finish)
{
	if (t->steps == NULL || r->calls == NULL ||
	    strcmp(*finish, "stop") != 0)
		return false;
	if (!steps_start(t->steps, r)) {
		*finish = "tool_limit";
		return false;
	}
	add_turn(t, r);
	t->stepping = true;
	return true;
}

static void
answered(struct talk *t, struct reply *r)
{
	const char *finish = r->finish == NULL ? "stop" : r->finish;
	struct ke_err why, what;

	note_reply(t, r);
	if (makes_calls(t, r, &finish))
		return;
	if (find_candidate(t, r, &what)) {
		end_good(t, finish);
		return;
	}
	ke_json_set_text(ke_json_object(t->job.rec, "gen"), "answer",
	    r->text.s, r->text.n);
	if (strcmp(finish, "stop") == 0 && !t->repaired && r->text.n > 0) {
		repair(t, r, &what);
		return;
	}
	if (strcmp(finish, "stop") == 0)
		why = what;
	else
		ke_fail(&why, "the answer ended with %s: %s",
		    r->finish_reason == NULL ? finish : r->finish_reason,
		    what.msg);
	end_bad(t, finish, code_of(finish), &why);
}

/* Takes over what the ask has to tell, and the ask itself. */
static void
collect(struct talk *t, struct ask *a)
{
	cJSON *v;

	usage_add(&t->usage, &a->usage);
	t->attempts += a->attempts;
	if (a->retries == NULL)
		return;
	if (t->retries == NULL)
		t->retries = cJSON_CreateArray();
	while ((v = cJSON_DetachItemFromArray(a->retries, 0)) != NULL)
		cJSON_AddItemToArray(t->retries, v);
}

static void
turn_done(void *ctx, struct ask *a)
{
	struct talk *t = ctx;
	struct reply *r = &a->hearing.reply, own;
	const char *finish;

	collect(t, a);
	if (a->code != NULL) {
		finish = strcmp(a->code, "timeout") == 0 ? "timeout"
		    : strcmp(a->code, "too_long") == 0 ? "length" : "failed";
		note_partial(t, r);
		end_bad(t, finish, a->code, &a->why);
		return;
	}
	t->turns++;
	own = *r;
	*r = (struct reply){.usage = USAGE_NONE};
	ask_free(a);
	t->ask = NULL;
	answered(t, &own);
	reply_free(&own);
}

static void
ask_model(struct talk *t)
{
	const struct llm_options *o = &t->g->llm;
	struct question q = {.messages = t->messages, .model = t->pick.model,
	    .temperature = t->pick.temperature, .params = o->params,
	    .tools = t->steps == NULL ? NULL : agent_tools(o->may_evaluate),
	    .stream = !o->whole};

	t->ask = ask_start(&t->llm->server, &q, turn_done, t);
}

/* What keeps us from asking, or NULL. */
static const char *
hindrance(struct gen *g, const struct llm *l, const struct job *j,
    const cJSON *messages, struct ke_err *why)
{
	*why = l->server.no_key;
	if (why->msg[0] != '\0')
		return "no_key";
	/* without it no answer could be checked */
	if (gen_operator(g, ke_json_string(j->rec, "op"), why) == NULL)
		return "no_operator";
	ke_fail(why, "prompt.messages: none, or not of role and content");
	return messages == NULL ? "no_prompt" : NULL;
}

static bool
open_steps(struct talk *t, struct ke_err *e)
{
	const struct llm_options *o = &t->g->llm;

	t->steps = steps_open(t->g, t->job.rec, o->calls, o->may_evaluate, e);
	if (t->steps != NULL)
		steps_tell(t->steps, t->messages);
	return t->steps != NULL;
}

/* Of the context, edits and tools need the parent's source; the rest, which is
 * more than the prompt in memory, would stay as long as the request. */
static void
trim_context(cJSON *rec)
{
	const char *source = ke_json_string(ke_json_object(
	    ke_json_object(rec, "context"), "parent"), "source");
	cJSON *context = cJSON_CreateObject();

	if (source != NULL)
		ke_json_set(context, "parent",
		    protocol_object("source", source));
	ke_json_set(rec, "context", context);
}

static void
add_talk(struct llm *l, struct talk *t)
{
	if (l->n == l->cap) {
		l->cap = 2 * l->cap + 8;
		l->talks = ke_grow(l->talks, l->cap, sizeof(l->talks[0]));
	}
	l->talks[l->n++] = t;
}

void
talk_start(struct gen *g, struct llm *l, struct job job)
{
	struct pick pick = sampling_pick(l->sampling, job.rec);
	cJSON *messages = prompt_of(job.rec);
	struct ke_err why;
	const char *code = hindrance(g, l, &job, messages, &why);
	struct talk *t;

	gen_section(job.rec, g, pick.model);
	if (code != NULL) {
		l->bad++;
		gen_fail(g, &job, code, "%s", why.msg);
		cJSON_Delete(messages);
		return;
	}
	trim_context(job.rec);
	t = ke_calloc(1, sizeof(*t));
	*t = (struct talk){.g = g, .llm = l, .job = job, .messages = messages,
	    .pick = pick, .usage = USAGE_NONE,
	    .deadline = g->llm.deadline > 0 ? job.since + g->llm.deadline
	    : INFINITY};
	add_talk(l, t);
	note_params(t);
	if (g->llm.calls > 0 && !open_steps(t, &why))
		end_bad(t, "failed", "no_tools", &why);
	else
		ask_model(t);
}

static double
next_deadline(const struct llm *l)
{
	double next = INFINITY;

	for (size_t i = 0; i < l->n; i++)
		next = fmin(next, l->talks[i]->deadline);
	return next;
}

void
talk_watch(const struct llm *l, struct ke_buf *polls, int *timeout_ms)
{
	double next = next_deadline(l);
	int ms;

	for (size_t i = 0; i < l->n; i++)
		if (l->talks[i]->stepping)
			steps_watch(l->talks[i]->steps, polls, timeout_ms);
	if (isinf(next))
		return;
	ms = (int)ceil(fmin(1e6, fmax(0, next - ke_now())) * 1e3);
	if (*timeout_ms == -1 || ms < *timeout_ms)
		*timeout_ms = ms;
}

static void
end_late(struct talk *t)
{
	struct ke_err why;

	if (t->ask != NULL) {
		ask_stop(t->ask);
		collect(t, t->ask);
		note_partial(t, &t->ask->hearing.reply);
	}
	ke_fail(&why, "no candidate within %g s", t->g->llm.deadline);
	end_bad(t, "timeout", "timeout", &why);
}

void
talk_step(struct llm *l)
{
	double now = ke_now();

	for (size_t i = 0; i < l->n;) {
		struct talk *t = l->talks[i];

		if (now >= t->deadline) {
			end_late(t); /* the last takes its place */
			continue;
		}
		if (t->stepping && steps_go(t->steps)) {
			l->server.protocol->results(t->messages,
			    steps_results(t->steps));
			t->stepping = false;
			ask_model(t);
		}
		i++;
	}
}

void
talk_close(struct llm *l)
{
	while (l->n > 0)
		free_talk(l->talks[l->n - 1]);
}
