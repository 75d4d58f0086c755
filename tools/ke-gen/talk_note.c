/* What a talk leaves in its record: the gen section of ke-record(5). */
#include <math.h>

#include "talk_parts.h"

static cJSON *
section(const struct talk *t)
{
	return ke_json_object(t->job.rec, "gen");
}

void
note_params(const struct talk *t)
{
	const cJSON *params = t->g->llm.params;
	cJSON *o = params == NULL ? cJSON_CreateObject()
	    : cJSON_Duplicate(params, 1);

	if (!isnan(t->pick.temperature) &&
	    ke_json_get(o, "temperature") == NULL)
		ke_json_set_number(o, "temperature", t->pick.temperature);
	ke_json_set(section(t), "params", o);
}

void
note_reply(const struct talk *t, const struct reply *r)
{
	cJSON *o = section(t);

	if (r->model != NULL)
		ke_json_set_string(o, "server_model", r->model);
	if (r->id != NULL)
		ke_json_set_string(o, "response", r->id);
	if (r->finish_reason != NULL)
		ke_json_set_string(o, "finish_reason", r->finish_reason);
	if (r->reasoning.n > 0)
		ke_json_set_text(o, "reasoning", r->reasoning.s,
		    r->reasoning.n);
}

void
note_end(struct talk *t, const char *finish)
{
	const struct price *p = prices_find(&t->llm->server.prices,
	    t->pick.model);
	const struct usage *u = &t->usage;
	cJSON *o = section(t);
	double usd;

	ke_json_set(o, "usage", usage_json(u));
	if (p != NULL && u->in != -1 && u->out != -1) {
		usd = price_of(p, u);
		ke_json_set_number(o, "cost_usd", round(usd * 1e9) / 1e9);
		t->llm->usd += usd;
	}
	gen_spent(&t->job, finish);
	ke_json_set_number(o, "attempts", t->attempts);
	ke_json_set_number(o, "turns", t->turns);
	if (t->retries != NULL)
		ke_json_set(o, "retries", cJSON_Duplicate(t->retries, 1));
	if (t->steps != NULL)
		ke_json_set(o, "calls", steps_record(t->steps));
	usage_add(&t->llm->usage, u);
}

void
note_partial(const struct talk *t, const struct reply *r)
{
	note_reply(t, r);
	if (r->text.n > 0)
		ke_json_set_text(section(t), "partial", r->text.s, r->text.n);
}
