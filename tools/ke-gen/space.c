/* The choices that one source offers, and what is known of each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "record.h"
#include "space.h"

struct space *
space_open(const char *source, const struct ke_op *op,
    const struct language *language, struct ke_err *e)
{
	struct ke_plan *plan = ke_plan_parse(source, op, e);
	char hash[KE_SHA256_HEX];
	struct space *s;

	if (plan == NULL)
		return NULL;
	s = ke_calloc(1, sizeof(*s));
	ke_sha256_hex(source, strlen(source), hash);
	s->source = ke_strdup(source);
	s->hash = ke_strdup(hash);
	s->op = op;
	s->language = language;
	s->plan = plan;
	s->defaults = ke_plan_default(plan);
	return s;
}

size_t
space_values(const struct space *s, size_t t)
{
	return s->plan->tune[t].n;
}

size_t
space_size(const struct space *s)
{
	size_t n = 1;

	for (size_t t = 0; t < s->plan->n_tune; t++)
		if (__builtin_mul_overflow(n, space_values(s, t), &n))
			return SIZE_MAX;
	return n;
}

/* The first index of the value, so that one written twice is one. */
static size_t
index_of(const struct ke_tune *t, int64_t value)
{
	size_t i = 0;

	while (i < t->n && t->values[i] != value)
		i++;
	return i;
}

struct point
space_point(const struct space *s, const cJSON *choice)
{
	struct point p = {0};

	for (size_t t = 0; t < s->plan->n_tune; t++) {
		const struct ke_tune *tune = &s->plan->tune[t];
		int64_t value;
		size_t i = tune->n;

		if (ke_json_integer(ke_json_get(choice, tune->name), &value))
			i = index_of(tune, value);
		if (i == tune->n && ke_json_integer(
		    ke_json_get(s->defaults, tune->name), &value))
			i = index_of(tune, value);
		p.at[t] = (uint32_t)i;
	}
	return p;
}

cJSON *
space_choice(const struct space *s, const struct point *p)
{
	cJSON *all = cJSON_CreateObject(), *own;

	for (size_t t = 0; t < s->plan->n_tune; t++)
		ke_json_add_number(all, s->plan->tune[t].name,
		    (double)s->plan->tune[t].values[p->at[t]]);
	own = ke_choice_canonical(all, s->defaults);
	cJSON_Delete(all);
	return own;
}

bool
space_same(const struct space *s, const struct point *a,
    const struct point *b)
{
	return memcmp(a->at, b->at, s->plan->n_tune * sizeof(a->at[0])) == 0;
}

/* Hashes the values' indices: of two points of a search the chance to share
 * one is 2^-64. */
static uint64_t
key_of(const struct space *s, const struct point *p)
{
	uint64_t k = 0x243f6a8885a308d3u;

	for (size_t t = 0; t < s->plan->n_tune; t++) {
		const struct ke_tune *tune = &s->plan->tune[t];

		k ^= index_of(tune, tune->values[p->at[t]]) + 1;
		k *= 0xbf58476d1ce4e5b9u;
		k ^= k >> 31;
	}
	return k;
}

static bool
resolves(const struct space *s, const cJSON *choice, bool timed)
{
	for (size_t i = 0; i < s->op->n_cases; i++) {
		const struct ke_case *c = &s->op->cases[i];
		struct ke_resolved r;
		struct ke_err e;

		if (strcmp(c->set, timed ? s->language->set : "check") == 0 &&
		    ke_plan_resolve(s->plan, s->op, c, choice, &r, &e) == -1)
			return false;
	}
	return true;
}

bool
space_valid(struct space *s, const struct point *p)
{
	uint64_t key = key_of(s, p);
	struct ke_err e;
	cJSON *choice;
	bool good;

	if (map_get(&s->invalid, key) != NULL)
		return false;
	choice = space_choice(s, p);
	good = ke_plan_allows(s->plan, choice, &e) == 1 &&
	    resolves(s, choice, true) && resolves(s, choice, false);
	cJSON_Delete(choice);
	if (!good)
		map_put(&s->invalid, key);
	return good;
}

bool
space_is_known(const struct space *s, const struct point *p)
{
	return map_get(&s->known, key_of(s, p)) != NULL;
}

void
space_observe(struct space *s, const struct point *p, enum outcome outcome,
    double score)
{
	uint32_t *at = map_put(&s->known, key_of(s, p));
	struct observed *o;

	if (outcome == PASSED && !(score > 0))
		outcome = FAILED;
	if (*at == 0) {
		if ((s->n_obs & (s->n_obs - 1)) == 0)
			s->obs = ke_grow(s->obs, 2 * s->n_obs + 1,
			    sizeof(*s->obs));
		*at = (uint32_t)++s->n_obs;
		s->obs[*at - 1] = (struct observed){.p = *p};
	}
	o = &s->obs[*at - 1];
	if (outcome == UNKNOWN)
		return;
	o->outcome = outcome;
	o->y = outcome == PASSED ? log(score) : 0;
}
