/* Expansions are written until there are enough, or the search is over. */
#include <err.h>

#include "decide.h"
#include "filter.h"
#include "session.h"

static int
emit(struct session *t, const struct decision *d)
{
	struct search *s = &t->search;
	cJSON *rec = decision_json(s, d);
	const char *pid = ke_json_string(rec, "pid");
	int status;

	draw_take(&s->draw);
	search_issue(s, &d->flight);
	if (t->verbose)
		warnx("%s: %s: %s", d->flight.xid, pid == NULL ? "draft" : pid,
		    d->choice.why);
	status = ke_filter_emit(rec);
	cJSON_Delete(rec);
	return status;
}

/* Writes one expansion; *none is set where there is none to write.  The clock
 * is asked for spent first: what is spent then is over, too. */
static int
issue(struct session *t, bool *none)
{
	struct search *s = &t->search;
	bool spent = stop_holds(&t->stop, s, true) != RULES;
	enum rule rule = stop_holds(&t->stop, s, false);
	uint32_t node;
	struct decision d;

	if (rule == RULES)
		s->late = 0;
	node = confirm_due(s, rule != RULES);
	*none = node == NONE && spent;
	if (*none)
		return 0;
	if (node == NONE) {
		decide_new(s, &d);
	} else {
		if (rule < SCORE)
			s->late++;
		decide_confirm(s, node, &d);
	}
	return emit(t, &d);
}

static void
say_over(const struct session *t, enum rule rule)
{
	const struct search *s = &t->search;
	const char *run = ke_json_string(s->header, "run");
	char words[64];

	if (t->quiet)
		return;
	stop_words(&t->stop, rule, words, sizeof(words));
	if (s->best == NONE)
		warnx("%s: %s: the search is over, no node is confirmed",
		    run == NULL ? "run" : run, words);
	else
		warnx("%s: %s: the search is over, best %.4g is %s",
		    run == NULL ? "run" : run, words, s->best_full,
		    graph_id(&s->graph, s->best));
}

int
session_follow(struct session *t)
{
	struct search *s = &t->search;
	bool none = false;
	int status = 0;

	while (status == 0 && !none && s->n_flying < (size_t)t->inflight)
		status = issue(t, &none);
	if (status != 0 || s->n_flying > 0)
		return status;
	say_over(t, stop_holds(&t->stop, s, true));
	return OVER;
}

int
session_step(struct session *t)
{
	enum rule rule = stop_holds(&t->stop, &t->search, false);
	bool none = false;
	int status = 0;

	if (rule != RULES) {
		say_over(t, rule);
		return OVER;
	}
	for (int64_t i = 0; i < t->count && status == 0 && !none; i++)
		status = issue(t, &none);
	return status;
}
