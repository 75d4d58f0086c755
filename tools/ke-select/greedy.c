/* The best node, unless it was tried often. */
#include <stdio.h>

#include "policy.h"

#define PENALTY 0.05 /* per child, landed or in flight */

static void
update(struct search *s, uint32_t node)
{
	const struct node *v = &s->graph.nodes[node];
	struct heap *h = s->own;

	if (v->state == PASSED)
		heap_set(h, node,
		    v->score / (1 + PENALTY * (v->children + v->out)));
	else
		heap_remove(h, node);
}

static void
choose(struct search *s, struct rng *rng, struct choice *c)
{
	const struct heap_item *top = heap_top(s->own);
	const struct node *v = &s->graph.nodes[top->node];

	(void)rng;
	c->node = top->node;
	snprintf(c->why, sizeof(c->why), "score %.4g, children %u, out %u",
	    v->score, v->children, v->out);
}

static void
renumber(struct search *s, const uint32_t *to)
{
	heap_renumber(s->own, to);
}

const struct policy policy_greedy = {
	.name = "greedy",
	.size = sizeof(struct heap),
	.update = update,
	.choose = choose,
	.renumber = renumber,
};
