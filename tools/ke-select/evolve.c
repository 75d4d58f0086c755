/* Islands with tournaments, migration and crossover, and an archive of the
 * best of each behaviour. */
#include <stdio.h>
#include <string.h>

#include "policy.h"

#define POPULATION 16 /* of an island: its best */
#define TOURNAMENT 3
#define MIGRATION 16   /* nodes between two */
#define ELITE_ONE_IN 4 /* parents that the archive gives */
#define CROSSOVER_ONE_IN 3
#define FOREIGN_ONE_IN 3 /* second parents that the archive gives */

struct evolve {
	struct island {
		size_t n;
		uint32_t best[POPULATION]; /* highest score first */
	} islands[ISLANDS];
	size_t migrations;
	size_t n_elites;
	struct elite {
		double score;
		uint32_t node;
	} elites[BEHAVIOURS]; /* in the order in which they came */
};

static bool
leave(struct island *island, uint32_t node)
{
	for (size_t i = 0; i < island->n; i++)
		if (island->best[i] == node) {
			memmove(&island->best[i], &island->best[i + 1],
			    (--island->n - i) * sizeof(island->best[0]));
			return true;
		}
	return false;
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

/* The best of each island becomes a guest of the next one, too. */
static void
migrate(const struct search *s, struct evolve *ev)
{
	uint32_t guests[ISLANDS];

	for (int i = 0; i < ISLANDS; i++)
		guests[i] = ev->islands[i].n > 0 ? ev->islands[i].best[0]
		    : NONE;
	for (int i = 0; i < ISLANDS; i++) {
		struct island *next = &ev->islands[(i + 1) % ISLANDS];

		if (guests[i] == NONE)
			continue;
		leave(next, guests[i]);
		enter(s, next, guests[i]);
	}
}

/* The best that is remembered of that behaviour, or NONE. */
static uint32_t
find_elite(const struct search *s, uint16_t behaviour)
{
	const struct node *nodes = s->graph.nodes;
	uint32_t best = NONE;

	for (uint32_t i = 0; i < s->graph.n; i++)
		if (nodes[i].state == PASSED &&
		    nodes[i].behaviour == behaviour && (best == NONE ||
		    nodes[i].score > nodes[best].score))
			best = i;
	return best;
}

/* The place of that behaviour, or the next new one. */
static struct elite *
place_of(const struct search *s, struct evolve *ev, uint16_t behaviour)
{
	size_t i = 0;

	while (i < ev->n_elites &&
	    s->graph.nodes[ev->elites[i].node].behaviour != behaviour)
		i++;
	return &ev->elites[i];
}

/* Another one takes the place of an elite whose score fell. */
static void
archive(const struct search *s, struct evolve *ev, uint32_t node)
{
	const struct node *nodes = s->graph.nodes, *v = &nodes[node];
	struct elite *e = place_of(s, ev, v->behaviour);
	bool vacant = e == &ev->elites[ev->n_elites];

	if (!vacant && e->node == node && v->score < e->score) {
		node = find_elite(s, v->behaviour);
		if (node == NONE)
			*e = ev->elites[--ev->n_elites];
		else
			*e = (struct elite){nodes[node].score, node};
	} else if (v->state == PASSED && (vacant || v->score > e->score)) {
		*e = (struct elite){v->score, node};
		ev->n_elites += vacant;
	}
}

static void
update(struct search *s, uint32_t node)
{
	struct evolve *ev = s->own;
	struct node *v = &s->graph.nodes[node];

	if (v->state < FAILED)
		return;
	if (v->island == -1)
		v->island = (int16_t)(node % ISLANDS);
	for (int i = 0; i < ISLANDS; i++)
		if ((leave(&ev->islands[i], node) || i == v->island) &&
		    v->state == PASSED)
			enter(s, &ev->islands[i], node);
	archive(s, ev, node);
	if (s->nodes / MIGRATION > ev->migrations) {
		ev->migrations = s->nodes / MIGRATION;
		migrate(s, ev);
	}
}

/* A populated island, or -1. */
static int
draw_island(const struct evolve *ev, struct rng *rng)
{
	int there[ISLANDS] = {0};
	size_t n = 0;

	for (int i = 0; i < ISLANDS; i++)
		if (ev->islands[i].n > 0)
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

static uint32_t
draw_elite(const struct evolve *ev, struct rng *rng)
{
	return ev->elites[rng_below(rng, ev->n_elites)].node;
}

/* An elite one time in so many, else from the island. */
static uint32_t
draw_parent(const struct evolve *ev, int island, uint64_t one_in,
    struct rng *rng)
{
	return rng_one_in(rng, one_in) ? draw_elite(ev, rng)
	    : tournament(&ev->islands[island], rng);
}

static void
choose(struct search *s, struct rng *rng, struct choice *c)
{
	const struct evolve *ev = s->own;
	const struct node *nodes = s->graph.nodes;
	int i = draw_island(ev, rng);

	if (i == -1)
		return;
	c->island = i;
	c->node = draw_parent(ev, i, ELITE_ONE_IN, rng);
	if (rng_one_in(rng, CROSSOVER_ONE_IN))
		c->second = draw_parent(ev, i, FOREIGN_ONE_IN, rng);
	if (c->second == c->node)
		c->second = NONE;
	if (c->second == NONE)
		snprintf(c->why, sizeof(c->why), "island %d: score %.4g", i,
		    nodes[c->node].score);
	else
		snprintf(c->why, sizeof(c->why),
		    "island %d: scores %.4g and %.4g", i,
		    nodes[c->node].score, nodes[c->second].score);
}

static void
keep(const struct search *s, uint32_t *to)
{
	const struct evolve *ev = s->own;

	for (int i = 0; i < ISLANDS; i++)
		for (size_t j = 0; j < ev->islands[i].n; j++)
			to[ev->islands[i].best[j]] = ev->islands[i].best[j];
	for (size_t i = 0; i < ev->n_elites; i++)
		to[ev->elites[i].node] = ev->elites[i].node;
}

static void
renumber(struct search *s, const uint32_t *to)
{
	struct evolve *ev = s->own;

	for (int i = 0; i < ISLANDS; i++)
		for (size_t j = 0; j < ev->islands[i].n; j++)
			ev->islands[i].best[j] = to[ev->islands[i].best[j]];
	for (size_t i = 0; i < ev->n_elites; i++)
		ev->elites[i].node = to[ev->elites[i].node];
}

const struct policy policy_evolve = {
	.name = "evolve",
	.size = sizeof(struct evolve),
	.islands = true,
	.update = update,
	.choose = choose,
	.keep = keep,
	.renumber = renumber,
};
