/* The choices that one source offers, and what is known of each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "plan_text.h"
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
	s->form = plan_text_form(source);
	s->family = ke_calloc(1, sizeof(*s->family));
	return s;
}

void
space_free(struct space *s)
{
	free(s->name);
	free(s->source);
	free(s->hash);
	free(s->form);
	ke_plan_free(s->plan);
	cJSON_Delete(s->defaults);
	if (!s->joined) {
		free(s->family->all);
		free(s->family);
	}
	free(s->known.slots);
	free(s->invalid.slots);
	free(s);
}

void
space_join(struct space *s, const struct space *kin)
{
	const struct ke_plan *a = s->plan, *b = kin->plan;

	if (a->n_tune != b->n_tune || s->family == kin->family)
		return;
	for (size_t t = 0; t < a->n_tune; t++)
		if (strcmp(a->tune[t].name, b->tune[t].name) != 0 ||
		    a->tune[t].n != b->tune[t].n ||
		    memcmp(a->tune[t].values, b->tune[t].values,
		    a->tune[t].n * sizeof(a->tune[t].values[0])) != 0)
			return;
	if (!s->joined)
		free(s->family);
	s->family = kin->family;
	s->joined = true;
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
space_failed(const struct space *s)
{
	return s->n_failed > 0 && s->n_passed == 0;
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
	struct family *f = s->family;
	struct observed *o;

	if (outcome == PASSED && !(score > 0))
		outcome = FAILED;
	if (*at == 0) {
		if ((f->n & (f->n - 1)) == 0)
			f->all = ke_grow(f->all, 2 * f->n + 1,
			    sizeof(*f->all));
		*at = (uint32_t)++f->n;
		f->all[*at - 1] = (struct observed){.of = s, .p = *p};
	}
	o = &f->all[*at - 1];
	if (outcome == UNKNOWN)
		return;
	s->n_passed += (outcome == PASSED) - (o->outcome == PASSED);
	s->n_failed += (outcome == FAILED) - (o->outcome == FAILED);
	o->outcome = outcome;
	o->y = outcome == PASSED ? log(score) : 0;
}
