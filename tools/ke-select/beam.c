/* The best nodes that were not expanded yet, a few at a time: each gets the
 * same number of children before the next few are taken.  On the landscapes of
 * bench/policies wider beams are slower and none are better. */
#include <stdio.h>

#include "policy.h"

#define WIDTH 2  /* nodes of a beam */
#define BRANCH 4 /* children of each, landed or in flight */

struct beam {
	struct heap open; /* nodes with fewer children than that */
	size_t n;
	uint32_t nodes[WIDTH];
	unsigned count; /* of beams so far */
};

static uint32_t
children(const struct search *s, uint32_t node)
{
	const struct node *v = &s->graph.nodes[node];

	return v->children + v->out;
}

static bool
is_open(const struct search *s, uint32_t node)
{
	return s->graph.nodes[node].state == PASSED &&
	    children(s, node) < BRANCH;
}

static void
update(struct search *s, uint32_t node)
{
	struct beam *b = s->own;

	if (is_open(s, node))
		heap_set(&b->open, node, s->graph.nodes[node].score);
	else
		heap_remove(&b->open, node);
}

/* The best that are open; they stay in the heap. */
static void
next_beam(struct search *s, struct beam *b)
{
	const struct heap_item *top;

	for (b->n = 0; b->n < WIDTH && (top = heap_top(&b->open)) != NULL;) {
		b->nodes[b->n++] = top->node;
		heap_remove(&b->open, top->node);
	}
	for (size_t i = 0; i < b->n; i++)
		update(s, b->nodes[i]);
	b->count++;
}

/* The member with the fewest children, of equals the best; or NONE. */
static uint32_t
find_member(const struct search *s, const struct beam *b)
{
	uint32_t found = NONE;

	for (size_t i = 0; i < b->n; i++)
		if (is_open(s, b->nodes[i]) && (found == NONE ||
		    children(s, b->nodes[i]) < children(s, found)))
			found = b->nodes[i];
	return found;
}

static void
choose(struct search *s, struct rng *rng, struct choice *c)
{
	struct beam *b = s->own;

	(void)rng;
	c->node = find_member(s, b);
	if (c->node == NONE) {
		next_beam(s, b);
		c->node = find_member(s, b);
	}
	if (c->node != NONE)
		snprintf(c->why, sizeof(c->why),
		    "beam %u: score %.4g, child %u of %d", b->count,
		    s->graph.nodes[c->node].score, children(s, c->node) + 1,
		    BRANCH);
}

static void
renumber(struct search *s, const uint32_t *to)
{
	struct beam *b = s->own;
	size_t n = 0;

	heap_renumber(&b->open, to);
	for (size_t i = 0; i < b->n; i++)
		if (to[b->nodes[i]] != NONE)
			b->nodes[n++] = to[b->nodes[i]];
	b->n = n;
}

const struct policy policy_beam = {
	.name = "beam",
	.size = sizeof(struct beam),
	.update = update,
	.choose = choose,
	.renumber = renumber,
};
