/* From what was measured to the next point of a space. */
#include <stdlib.h>

#include "model.h"
#include "move.h"

#define POOL 160    /* points that are compared for one proposal */
#define SINGLES 80  /* of which moves of one tunable, at most */
#define DOUBLES 48  /* of two */
#define CROSSES 24
#define EXPLORE 0.1 /* share of proposals that ask no model */
#define DRAWS 256
#define ENUMERATE ((size_t)1 << 20) /* larger spaces are only drawn from */

struct pool {
	size_t n;
	struct candidate {
		struct point p;
		double promise;
	} all[POOL];
};

static void
add(struct pool *pool, const struct space *s, const struct point *p)
{
	if (pool->n == POOL || space_is_known(s, p))
		return;
	for (size_t i = 0; i < pool->n; i++)
		if (space_same(s, &pool->all[i].p, p))
			return;
	pool->all[pool->n++].p = *p;
}

static struct point
random_point(const struct space *s, struct rng *r)
{
	struct point p = {0};

	for (size_t t = 0; t < s->plan->n_tune; t++)
		p.at[t] = (uint32_t)rng_below(r, space_values(s, t));
	return p;
}

/* Every value of every tunable, in turn; where they are many, some. */
static void
add_singles(struct pool *pool, const struct space *s, const struct point *from,
    struct rng *r)
{
	size_t all = 0, chance;

	for (size_t t = 0; t < s->plan->n_tune; t++)
		all += space_values(s, t);
	chance = all;
	for (size_t t = 0; t < s->plan->n_tune; t++)
		for (size_t i = 0; i < space_values(s, t); i++) {
			struct point p = *from;

			p.at[t] = (uint32_t)i;
			if (all <= SINGLES || rng_below(r, chance) < SINGLES)
				add(pool, s, &p);
		}
}

/* A neighbouring value three times in four, else any. */
static void
step(const struct space *s, struct point *p, size_t t, struct rng *r)
{
	size_t n = space_values(s, t), at = p->at[t];

	if (rng_below(r, 4) == 0)
		at = rng_below(r, n);
	else if (rng_below(r, 2) == 0)
		at = at > 0 ? at - 1 : 1 % n;
	else
		at = at + 1 < n ? at + 1 : at > 0 ? at - 1 : 0;
	p->at[t] = (uint32_t)at;
}

static void
add_doubles(struct pool *pool, const struct space *s, const struct point *from,
    struct rng *r)
{
	size_t n = s->plan->n_tune;

	for (size_t i = 0; n > 1 && i < DOUBLES; i++) {
		struct point p = *from;
		size_t t = rng_below(r, n);

		step(s, &p, t, r);
		step(s, &p, (t + 1 + rng_below(r, n - 1)) % n, r);
		add(pool, s, &p);
	}
}

static void
add_crosses(struct pool *pool, const struct space *s, const struct move *m,
    struct rng *r)
{
	for (size_t i = 0; m->other != NULL && i < CROSSES; i++) {
		struct point p = *m->from;

		for (size_t t = 0; t < s->plan->n_tune; t++)
			if (rng_below(r, 2) == 0)
				p.at[t] = m->other->at[t];
		add(pool, s, &p);
	}
}

static int
by_promise(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->promise < y->promise) - (x->promise > y->promise);
}

/* Gives every point a promise: the model's, or by lot. */
static void
judge(struct pool *pool, const struct space *s, struct rng *r)
{
	struct model m;
	bool explore = rng_real(r) < EXPLORE;

	if (!explore)
		model_fit(&m, s);
	for (size_t i = 0; i < pool->n; i++) {
		double lot = rng_real(r);

		/* among equals the lot decides, not the order of the pool */
		pool->all[i].promise = explore ? lot
		    : model_promise(&m, &pool->all[i].p) * (1 + 1e-6 * lot);
	}
	if (!explore)
		model_free(&m);
	qsort(pool->all, pool->n, sizeof(pool->all[0]), by_promise);
}

/* Every point of a small space, from a random one on. */
static bool
enumerate(struct space *s, struct rng *r, struct point *out)
{
	size_t size = space_size(s), at;

	if (s->exhausted || size > ENUMERATE)
		return false;
	at = rng_below(r, size);
	for (size_t i = 0; i < size; i++) {
		size_t rest = (at + i) % size;

		for (size_t t = 0; t < s->plan->n_tune; t++) {
			out->at[t] = (uint32_t)(rest % space_values(s, t));
			rest /= space_values(s, t);
		}
		if (!space_is_known(s, out) && space_valid(s, out))
			return true;
	}
	s->exhausted = true;
	return false;
}

/* How unlike the nearest known point it is: tunables that differ. */
static size_t
distance(const struct space *s, const struct point *p)
{
	size_t nearest = SIZE_MAX;

	for (size_t i = 0; i < s->family->n; i++) {
		size_t d = 0;

		for (size_t t = 0; t < s->plan->n_tune; t++)
			d += p->at[t] != s->family->all[i].p.at[t];
		nearest = d < nearest ? d : nearest;
	}
	return nearest;
}

bool
move_draw(struct space *s, struct rng *r, struct point *out)
{
	size_t best = 0, found = 0;

	for (size_t i = 0; !s->exhausted && i < DRAWS && found < 4; i++) {
		struct point p = random_point(s, r);

		if (space_is_known(s, &p) || !space_valid(s, &p))
			continue;
		if (found++ == 0 || distance(s, &p) > best) {
			best = distance(s, &p);
			*out = p;
		}
	}
	return found > 0 || enumerate(s, r, out);
}

bool
move_next(struct space *s, const struct move *m, struct rng *r,
    struct point *out)
{
	struct pool pool = {0};

	if (s->exhausted)
		return false;
	add_crosses(&pool, s, m, r);
	add_singles(&pool, s, m->from, r);
	add_doubles(&pool, s, m->from, r);
	while (pool.n < POOL && rng_below(r, 8) != 0) {
		struct point p = random_point(s, r);

		add(&pool, s, &p);
	}
	judge(&pool, s, r);
	for (size_t i = 0; i < pool.n; i++)
		if (space_valid(s, &pool.all[i].p)) {
			*out = pool.all[i].p;
			return true;
		}
	return move_draw(s, r, out);
}
