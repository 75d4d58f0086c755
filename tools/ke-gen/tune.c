/* The backend that needs no model: it draws seeds, moves tunables by what has
 * been measured, and now and then makes another text of a parent's. */
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "history.h"
#include "move.h"
#include "num.h"
#include "record.h"
#include "structure.h"

#define SHARE 0.2 /* of the steps in the tree that change the text */

struct tune {
	struct run *runs;
	double share;
};

/* What is asked for, and what comes of it. */
struct proposal {
	struct run *run;
	struct rng rng;
	struct space *space;
	double share;
	bool draw; /* a draft rather than a move */
	struct point from, to;
	struct ke_buf words; /* where another text was made: how */
};

static int
open_tune(struct gen *g, struct ke_err *e)
{
	struct tune *t = ke_calloc(1, sizeof(*t));

	g->state = t;
	t->share = SHARE;
	return g->arg != NULL && ke_num_real(g->arg, 0, 1, &t->share, e) == -1
	    ? 2 : 0;
}

static void
seed_rng(struct rng *r, const struct gen *g, const cJSON *rec)
{
	const cJSON *select = ke_json_object(rec, "select");
	const char *seed = ke_json_string(select, "seed");
	const char *xid = ke_json_string(rec, "xid");
	struct ke_buf b = {0};

	ke_buf_fmt(&b, "%lld %s", (long long)g->seed,
	    seed != NULL ? seed : xid != NULL ? xid : "");
	rng_seed(r, b.s, b.n);
	ke_buf_free(&b);
}

static struct point
best_point(const struct space *s)
{
	const struct family *f = s->family;
	const struct observed *best = NULL;

	for (size_t i = 0; i < f->n; i++)
		if (f->all[i].of == s && f->all[i].outcome == PASSED &&
		    (best == NULL || f->all[i].y > best->y))
			best = &f->all[i];
	return best != NULL ? best->p : space_point(s, NULL);
}

/* Is the point new by its fingerprint too (what was tried may not say its
 * choice)?  Known from now on. */
static bool
claim(struct proposal *p)
{
	cJSON *choice = space_choice(p->space, &p->to);
	char fingerprint[KE_FINGERPRINT];

	ke_fingerprint(p->space->source, choice, p->space->defaults,
	    fingerprint);
	cJSON_Delete(choice);
	space_observe(p->space, &p->to, UNKNOWN, 0);
	return history_note(p->run, fingerprint);
}

/* The next new point of the proposal's space. */
static bool
search_space(struct proposal *p, const struct point *other)
{
	struct move m = {.from = &p->from, .other = other};

	for (;;) {
		bool found = p->draw ? move_draw(p->space, &p->rng, &p->to)
		    : move_next(p->space, &m, &p->rng, &p->to);

		if (!found || claim(p))
			return found;
	}
}

/* The other seeds, once a space has nothing left. */
static bool
search_seeds(struct proposal *p)
{
	struct space *s = p->run->spaces;

	for (size_t i = 0; i < p->run->n_seeds; i++, s = s->next) {
		p->space = s;
		p->from = p->draw ? space_point(s, NULL) : best_point(s);
		if (search_space(p, NULL))
			return true;
	}
	return false;
}

/* A draft: the seed as it is, or a choice of it drawn. */
static bool
propose_draft(struct proposal *p, const cJSON *rec)
{
	const cJSON *select = ke_json_object(rec, "select");
	size_t n = p->run->n_seeds, k;
	int64_t draft;

	if (!ke_json_integer(ke_json_get(select, "draft"), &draft) || draft < 0)
		draft = (int64_t)(n + rng_below(&p->rng, n));
	p->draw = true;
	p->space = p->run->spaces;
	for (k = (size_t)draft % n; k > 0; k--)
		p->space = p->space->next;
	p->from = p->to = space_point(p->space, NULL);
	if ((size_t)draft < n && !space_is_known(p->space, &p->to) && claim(p))
		return true;
	return search_space(p, NULL) || search_seeds(p);
}

/* Another text, of what the parents' say. */
static bool
search_structure(struct proposal *p, struct space *parent,
    const cJSON *context)
{
	struct structured got = {0};
	bool found = false;

	/* a fingerprint may be known where the point is not */
	for (int i = 0; i < 4 && !found && structure_next(p->run, parent,
	    context, &p->rng, &got); i++) {
		p->space = got.space;
		p->to = got.point;
		found = claim(p);
		if (found)
			p->words = got.words;
		else
			ke_buf_free(&got.words);
	}
	return found;
}

static bool
propose_move(struct proposal *p, struct space *s, const cJSON *context)
{
	const cJSON *parent = ke_json_object(context, "parent");
	const cJSON *second = ke_json_object(context, "parent2");
	const char *source = ke_json_string(second, "source");
	struct point other;

	p->space = s;
	p->from = space_point(s, ke_json_object(parent, "choice"));
	if (!space_is_known(s, &p->from))
		space_observe(s, &p->from, UNKNOWN, 0);
	if (p->share > 0 && !space_failed(s) &&
	    (structure_crosses(s, context) || rng_real(&p->rng) < p->share) &&
	    search_structure(p, s, context))
		return true;
	p->space = s;
	if (source == NULL || strcmp(source, s->source) != 0) {
		if (search_space(p, NULL) || search_seeds(p))
			return true;
	} else {
		other = space_point(s, ke_json_object(second, "choice"));
		if (search_space(p, &other) || search_seeds(p))
			return true;
	}
	return p->share > 0 && search_structure(p, s, context);
}

/* "BM 32->64, STAGES 2->3", behind the seed's name for what starts anew. */
static void
describe(const struct proposal *p, const struct space *parent,
    struct ke_buf *words)
{
	const struct ke_plan *plan = p->space->plan;
	const char *between = "";

	if (p->words.n > 0) {
		ke_buf_fmt(words, "structure: %s", p->words.s);
		return;
	}
	if (p->space != parent && p->space->name != NULL) {
		ke_buf_str(words, p->space->name);
		between = ": ";
	}
	for (size_t t = 0; t < plan->n_tune; t++) {
		const int64_t *v = plan->tune[t].values;

		if (p->from.at[t] == p->to.at[t])
			continue;
		ke_buf_fmt(words, "%s%s %lld->%lld", between,
		    plan->tune[t].name, (long long)v[p->from.at[t]],
		    (long long)v[p->to.at[t]]);
		between = ", ";
	}
}

static void
write_candidate(cJSON *rec, const struct proposal *p,
    const struct space *parent)
{
	cJSON *choice = space_choice(p->space, &p->to);
	cJSON *section = ke_json_object(rec, "gen");
	struct ke_buf words = {0};

	describe(p, parent, &words);
	ke_json_set_string(section, "strategy", words.s);
	/* no clock: the same input must give the same output */
	ke_json_add_number(section, "seconds", 0);
	ke_json_add_number(section, "attempts", 1);
	ke_json_set_string(section, "finish", "stop");
	gen_candidate(rec, p->space->source, choice, p->space->defaults);
	ke_buf_free(&words);
	cJSON_Delete(choice);
}

/* The run that the job is of, or NULL after an error section. */
static struct run *
open_run(struct gen *g, cJSON *rec)
{
	struct tune *t = g->state;
	const char *name = ke_json_string(rec, "language");
	const struct language *language = language_find(name);
	const struct ke_op *op;
	struct ke_err e;

	if (language == NULL) {
		ke_record_error(rec, "ke-gen", "no_language",
		    "tune has no seeds for language %s", name);
		return NULL;
	}
	op = gen_operator(g, ke_json_string(rec, "op"), &e);
	if (op != NULL)
		return history_run(&t->runs, rec, op, language);
	ke_record_error(rec, "ke-gen", "no_operator", "%s", e.msg);
	return NULL;
}

static void
propose(struct gen *g, struct proposal *p, cJSON *rec)
{
	const cJSON *context = ke_json_object(rec, "context");
	const char *phase = ke_json_string(ke_json_object(rec, "select"),
	    "phase");
	const char *source = ke_json_string(
	    ke_json_object(context, "parent"), "source");
	struct space *parent = NULL;
	struct ke_err e;
	bool found = false;

	seed_rng(&p->rng, g, rec);
	if (source != NULL)
		parent = history_space(p->run, source, &e);
	history_learn(p->run, ke_json_array(context, "tried"), parent);
	if (parent != NULL && (phase == NULL || strcmp(phase, "draft") != 0))
		found = propose_move(p, parent, context);
	else if (p->run->n_seeds > 0)
		found = propose_draft(p, rec);
	if (found)
		write_candidate(rec, p, parent);
	else if (p->run->n_seeds == 0 && parent == NULL)
		ke_record_error(rec, "ke-gen", "no_seed",
		    "%s: no seed*%s with a plan", p->run->op->dir,
		    p->run->language->suffix);
	else
		ke_record_error(rec, "ke-gen", "exhausted",
		    "every choice was proposed");
}

static void
take_tune(struct gen *g, struct job job)
{
	const struct tune *t = g->state;
	struct proposal p = {.share = t->share};

	gen_section(job.rec, g, "tune");
	p.run = open_run(g, job.rec);
	if (p.run != NULL)
		propose(g, &p, job.rec);
	ke_buf_free(&p.words);
	gen_end(g, &job);
}

static void
pass_tune(struct gen *g, const cJSON *rec)
{
	struct tune *t = g->state;
	const char *fingerprint = ke_json_string(rec, "fingerprint");
	const struct language *language = language_find(
	    ke_json_string(rec, "language"));
	const struct ke_op *op;
	struct ke_err e;

	if (fingerprint == NULL || language == NULL)
		return;
	op = gen_operator(g, ke_json_string(rec, "op"), &e);
	if (op != NULL)
		history_note(history_run(&t->runs, rec, op, language),
		    fingerprint);
}

const struct backend backend_tune = {"tune", "[SHARE]", open_tune, take_tune,
	pass_tune, NULL, NULL, NULL};
