/* The tool-using step. */
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "spawn.h"
#include "steps.h"
#include "tool.h"

struct steps {
	struct agent *agent;
	char *parent;      /* source, or NULL */
	const char *file;  /* "candidate.c" */
	int64_t most, left; /* calls */
	cJSON *calls;      /* of the turn: array of {id, name, args} */
	int at;            /* the one that runs */
	bool running;
	double since;
	cJSON *results, *record;
};

struct steps *
steps_open(struct gen *g, const cJSON *rec, int64_t calls, bool may_evaluate,
    struct ke_err *e)
{
	struct agent *agent = agent_open(g, rec, may_evaluate, e);
	const char *parent = ke_json_string(ke_json_object(ke_json_object(rec,
	    "context"), "parent"), "source");
	struct steps *s;

	if (agent == NULL)
		return NULL;
	s = ke_calloc(1, sizeof(*s));
	*s = (struct steps){.agent = agent, .most = calls, .left = calls,
	    .parent = parent == NULL ? NULL : ke_strdup(parent),
	    .file = tool_candidate(agent),
	    .record = cJSON_CreateArray()};
	return s;
}

void
steps_tell(const struct steps *s, cJSON *messages)
{
	cJSON *last = cJSON_GetArrayItem(messages,
	    cJSON_GetArraySize(messages) - 1);
	const char *content = ke_json_string(last, "content");
	struct ke_buf b = {0};

	ke_buf_fmt(&b, "%s\n\nYou have tools, and a folder of your own: %s "
	    "%s, op/ is the operator.  You can make %lld calls.  What %s "
	    "holds when you answer without a call is your answer; where you "
	    "leave it as it is, the text of that answer is.  Say your "
	    "strategy in that text as well.", content, s->file,
	    s->parent != NULL ? "holds the parent" : "isn't there yet",
	    (long long)s->most, s->file);
	ke_json_set_string(last, "content", b.s);
	ke_buf_free(&b);
}

static const cJSON *
call_at(const struct steps *s)
{
	return cJSON_GetArrayItem(s->calls, s->at);
}

/* Keeps the result of the call for the model, and in the record. */
static void
keep(struct steps *s, const char *content, bool failed, double seconds)
{
	const cJSON *call = call_at(s);
	cJSON *result = cJSON_CreateObject(), *o = cJSON_CreateObject();
	const char *id = ke_json_string(call, "id");

	if (id != NULL)
		ke_json_set_string(result, "id", id);
	ke_json_set_string(result, "name", ke_json_string(call, "name"));
	ke_json_set_string(result, "content", content);
	cJSON_AddItemToArray(s->results, result);
	ke_json_set_string(o, "name", ke_json_string(call, "name"));
	ke_json_set(o, "args", cJSON_Duplicate(ke_json_get(call, "args"), 1));
	ke_json_set_string(o, "result", content);
	if (failed)
		ke_json_set(o, "failed", cJSON_CreateTrue());
	ke_json_set_number(o, "seconds", seconds);
	cJSON_AddItemToArray(s->record, o);
	s->at++;
}

bool
steps_start(struct steps *s, const struct reply *r)
{
	cJSON *said = cJSON_CreateObject();

	if (s->left == 0)
		return false;
	/* what it thought aloud belongs to the story */
	if (r->text.n > 0) {
		ke_json_set_text(said, "said", r->text.s, r->text.n);
		cJSON_AddItemToArray(s->record, said);
	} else {
		cJSON_Delete(said);
	}
	cJSON_Delete(s->calls);
	cJSON_Delete(s->results);
	s->calls = cJSON_Duplicate(r->calls, 1);
	s->results = cJSON_CreateArray();
	s->at = 0;
	return true;
}

/* Milliseconds are enough for who reads it. */
static double
seconds_of(const struct steps *s)
{
	return (double)(int64_t)((ke_now() - s->since) * 1e3) / 1e3;
}

static void
end_call(struct steps *s)
{
	bool failed;
	const char *text = agent_result(s->agent, &failed);
	struct ke_buf b = {0};

	s->running = false;
	s->left--;
	ke_buf_str(&b, text);
	if (s->left == 0)
		ke_buf_str(&b, "\n(This was the last call.  Please answer.)");
	keep(s, b.s, failed, seconds_of(s));
	ke_buf_free(&b);
}

bool
steps_go(struct steps *s)
{
	for (;;) {
		const cJSON *call = call_at(s);

		if (s->running) {
			if (!agent_step(s->agent))
				return false;
			end_call(s);
		} else if (call == NULL) {
			return true;
		} else if (s->left == 0) {
			keep(s, "Not done: no call is left.", true, 0);
		} else {
			s->since = ke_now();
			s->running = true;
			agent_call(s->agent, ke_json_string(call, "name"),
			    ke_json_object(call, "args"));
		}
	}
}

void
steps_watch(const struct steps *s, struct ke_buf *polls, int *timeout_ms)
{
	struct pollfd p[KE_CHILD_POLL];

	if (!s->running)
		return;
	agent_poll(s->agent, p, timeout_ms);
	ke_buf_add(polls, p, sizeof(p));
}

const cJSON *
steps_results(const struct steps *s)
{
	return s->results;
}

char *
steps_candidate(const struct steps *s)
{
	struct ke_err e;
	char *source = agent_candidate(s->agent, &e);

	if (source != NULL && s->parent != NULL &&
	    strcmp(source, s->parent) == 0) {
		free(source);
		source = NULL;
	}
	return source;
}

cJSON *
steps_record(struct steps *s)
{
	cJSON *record = s->record;

	s->record = NULL;
	return record;
}

void
steps_close(struct steps *s)
{
	if (s == NULL)
		return;
	agent_close(s->agent);
	free(s->parent);
	cJSON_Delete(s->calls);
	cJSON_Delete(s->results);
	cJSON_Delete(s->record);
	free(s);
}
