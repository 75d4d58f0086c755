/* What is expanded next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"

#define REPAIR_ONE_IN 8
#define STAGNANT 16 /* nodes without a better score */
#define CLEAN_ONE_IN 4
#define SLATE_NODES 8 /* without a better score of its own end a clean slate */

static struct rng
begin(struct search *s, struct decision *d)
{
	struct rng rng;

	*d = (struct decision){.memory = "none"};
	d->flight.node = d->choice.node = d->choice.second = NONE;
	d->choice.island = -1;
	draw_peek(&s->draw, d->flight.xid, &rng);
	return rng;
}

void
decide_confirm(struct search *s, uint32_t node, struct decision *d)
{
	begin(s, d);
	d->flight.phase = CONFIRM;
	d->flight.node = node;
	d->choice.island = s->graph.nodes[node].island;
	snprintf(d->choice.why, sizeof(d->choice.why),
	    "quick score %.4g, best full %.4g", s->graph.nodes[node].score,
	    s->best_full);
}

static void
draft(struct search *s, struct decision *d, const char *why)
{
	int64_t k = s->n_again > 0 ? s->again[--s->n_again]
	    : s->drafts + s->drafts_out;

	d->flight.phase = DRAFT;
	d->flight.draft = k;
	if (s->policy->islands)
		d->choice.island = (int)(k % ISLANDS);
	snprintf(d->choice.why, sizeof(d->choice.why), "%s", why);
}

/* The place in failures of the best one that nobody tried to repair, or -1. */
static int
find_failure(const struct search *s)
{
	int best = -1;

	for (int i = 0; i < (int)s->n_failures; i++) {
		const struct node *v = &s->graph.nodes[s->failures[i].node];

		if (v->children + v->out == 0 && (best == -1 ||
		    s->failures[i].status >= s->failures[best].status))
			best = i;
	}
	return best;
}

static bool
repair(struct search *s, struct decision *d)
{
	int i = find_failure(s);

	if (i == -1)
		return false;
	d->choice.node = s->failures[i].node;
	d->choice.island = s->policy->islands ?
	    s->graph.nodes[d->choice.node].island : -1;
	snprintf(d->choice.why, sizeof(d->choice.why), "repair: %s",
	    ke_status_name(s->failures[i].status));
	memmove(&s->failures[i], &s->failures[i + 1],
	    (--s->n_failures - (size_t)i) * sizeof(s->failures[0]));
	return true;
}

/* A fresh start, which is given some nodes of its own before the next one: at
 * first it is rarely good enough for the policy to come back to it. */
static bool
clean_slate(struct search *s, struct decision *d)
{
	uint32_t best = s->slate.best;
	const struct node *v;

	if (best == NONE || s->graph.nodes[best].state != PASSED ||
	    s->slate.since + s->graph.nodes[best].out >= SLATE_NODES) {
		draft(s, d, "clean slate: the search stagnates");
		return false;
	}
	v = &s->graph.nodes[best];
	d->choice.node = best;
	d->choice.island = s->policy->islands ? v->island : -1;
	snprintf(d->choice.why, sizeof(d->choice.why),
	    "clean slate %u: score %.4g", s->slate.number, v->score);
	return true;
}

/* False where a draft is made instead. */
static bool
grow(struct search *s, struct rng *rng, struct decision *d)
{
	if (s->passing == 0) {
		if (repair(s, d))
			return true;
		draft(s, d, "nothing passes yet");
		return false;
	}
	if (rng_one_in(rng, REPAIR_ONE_IN) && repair(s, d))
		return true;
	if (s->memory == NULL && s->since >= STAGNANT &&
	    rng_one_in(rng, CLEAN_ONE_IN))
		return clean_slate(s, d);
	s->policy->choose(s, rng, &d->choice);
	if (d->choice.node != NONE)
		return true;
	draft(s, d, "nothing to expand");
	return false;
}

/* What led to the parent, what else was made of it, or both: which of them
 * helps isn't known beforehand, so that it is drawn.  The first child has no
 * siblings to be compared with. */
static const char *
draw_memory(const struct node *parent, struct rng *rng)
{
	static const char *const memories[] = {
		"parent", "siblings", "both", "both"};

	return parent->children == 0 ? "parent"
	    : memories[rng_below(rng, KE_LEN(memories))];
}

void
decide_new(struct search *s, struct decision *d)
{
	struct rng rng = begin(s, d);

	if (s->drafts + s->drafts_out < s->drafts_wanted) {
		draft(s, d, "independent sample");
		return;
	}
	if (!grow(s, &rng, d))
		return;
	d->flight.phase = TREE;
	d->flight.node = d->choice.node;
	d->memory = s->memory != NULL ? s->memory
	    : draw_memory(&s->graph.nodes[d->flight.node], &rng);
}

static void
copy_header(const struct search *s, cJSON *rec)
{
	static const char *const names[] = {
		"run", "op", "target", "language", "dtype"};

	for (size_t i = 0; i < KE_LEN(names); i++) {
		const char *v = ke_json_string(s->header, names[i]);

		if (v != NULL)
			ke_json_set_string(rec, names[i], v);
	}
}

static int32_t
depth_of(const struct search *s, const struct flight *f)
{
	switch (f->phase) {
	case DRAFT:
		return 0;
	case TREE:
		return s->graph.nodes[f->node].depth + 1;
	case CONFIRM:
		return s->graph.nodes[f->node].depth;
	}
	return 0;
}

static cJSON *
select_json(const struct search *s, const struct decision *d)
{
	static const char *const phases[] = {
		[DRAFT] = "draft", [TREE] = "tree", [CONFIRM] = "confirm"};
	const struct flight *f = &d->flight;
	char seed[24], first[14];
	cJSON *o = cJSON_CreateObject();

	snprintf(first, sizeof(first), "%.13s", f->xid);
	snprintf(seed, sizeof(seed), "%llu", strtoull(first, NULL, 16));
	ke_json_set_string(o, "policy", s->policy->name);
	ke_json_set_string(o, "phase", phases[f->phase]);
	ke_json_set_string(o, "why", d->choice.why);
	if (f->phase == DRAFT)
		ke_json_set_number(o, "draft", (double)f->draft);
	ke_json_set_string(o, "memory", d->memory);
	ke_json_set_string(o, "effort", f->phase == CONFIRM ? "full" : "quick");
	ke_json_set_string(o, "seed", seed);
	if (d->choice.island >= 0)
		ke_json_set_number(o, "island", d->choice.island);
	ke_json_set_number(o, "depth", depth_of(s, f));
	return o;
}

cJSON *
decision_json(const struct search *s, const struct decision *d)
{
	cJSON *rec = cJSON_CreateObject();

	ke_json_set_number(rec, "v", 1);
	copy_header(s, rec);
	ke_json_set_string(rec, "xid", d->flight.xid);
	if (d->flight.node != NONE)
		ke_json_set_string(rec, "pid",
		    graph_id(&s->graph, d->flight.node));
	if (d->choice.second != NONE) {
		const char *id = graph_id(&s->graph, d->choice.second);

		ke_json_set(rec, "pids", cJSON_CreateStringArray(&id, 1));
	}
	ke_json_set(rec, "select", select_json(s, d));
	return rec;
}
