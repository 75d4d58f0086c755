/* Islands, tournaments, crossover and migration. */
#include <stdio.h>
#include <string.h>

#include "policy.h"

#define POPULATION 16 /* of an island: its best */
#define TOURNAMENT 3

struct evolve {
	struct island {
		size_t n;
		uint32_t best[POPULATION]; /* highest score first */
	} islands[ISLANDS];
};

static void
leave(struct island *island, uint32_t node)
{
	for (size_t i = 0; i < island->n; i++)
		if (island->best[i] == node) {
			memmove(&island->best[i], &island->best[i + 1],
			    (--island->n - i) * sizeof(island->best[0]));
			return;
		}
}

static void
enter(const struct search *s, struct island *island, uint32_t node)
{
	const struct node *nodes = s->graph.nodes;
	size_t i = island->n;

	if (i == POPULATION) {
		if (nodes[island->best[i - 1]].score >= nodes[node].score)
			return;
		i--;
	} else {
		island->n++;
	}
	for (; i > 0 && nodes[island->best[i - 1]].score < nodes[node].score;
	    i--)
		island->best[i] = island->best[i - 1];
	island->best[i] = node;
}

static void
update(struct search *s, uint32_t node)
{
	struct evolve *ev = s->own;
	struct node *v = &s->graph.nodes[node];
	struct island *island;

	if (v->island == -1)
		v->island = (int32_t)(node % ISLANDS);
	island = &ev->islands[v->island % ISLANDS];
	leave(island, node);
	if (v->state == PASSED)
		enter(s, island, node);
}

/* A populated island other than not (which may be -1), or -1. */
static int
draw_island(const struct evolve *ev, struct rng *rng, int not)
{
	int there[ISLANDS] = {0};
	size_t n = 0;

	for (int i = 0; i < ISLANDS; i++)
		if (i != not && ev->islands[i].n > 0)
			there[n++] = i;
	return n == 0 ? -1 : there[rng_below(rng, n)];
}

/* The populations are sorted: the first of the places drawn is the best. */
static uint32_t
tournament(const struct island *island, struct rng *rng)
{
	size_t best = island->n;

	for (int i = 0; i < TOURNAMENT; i++) {
		size_t x = rng_below(rng, island->n);

		best = x < best ? x : best;
	}
	return island->best[best];
}

static void
crossover(const struct search *s, struct rng *rng, struct choice *c)
{
	const struct evolve *ev = s->own;
	int from = c->island;
	uint32_t second;

	if (rng_one_in(rng, 3))
		from = draw_island(ev, rng, c->island);
	if (from == -1)
		from = c->island;
	second = tournament(&ev->islands[from], rng);
	if (second == c->node)
		return;
	c->second = second;
	snprintf(c->why, sizeof(c->why), "island %d: crossover with %s",
	    c->island, from == c->island ? "its own" : "a migrant");
}

static void
choose(struct search *s, struct rng *rng, struct choice *c)
{
	const struct evolve *ev = s->own;
	int i = draw_island(ev, rng, -1);

	if (i == -1)
		return;
	c->island = i;
	c->node = tournament(&ev->islands[i], rng);
	snprintf(c->why, sizeof(c->why), "island %d: score %.4g", i,
	    s->graph.nodes[c->node].score);
	if (rng_below(rng, 10) < 3)
		crossover(s, rng, c);
}

const struct policy policy_evolve = {
	.name = "evolve",
	.size = sizeof(struct evolve),
	.islands = true,
	.update = update,
	.choose = choose,
};
