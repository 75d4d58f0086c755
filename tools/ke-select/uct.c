/* The tree of the nodes that pass, descended by upper confidence bounds. */
#include <math.h>
#include <stdio.h>

#include "policy.h"

#define EXPLORE 0.5

/* What a node is worth: with all below it, N nodes of reward W, O in flight. */
struct below {
	double reward;
	uint32_t visits, out;
	uint32_t kids;        /* nodes just below, whether they pass or not */
	uint32_t first, next; /* list of those that passed, or NONE */
};

struct tree_node {
	struct below below;
	double reward; /* its own, as counted in those above */
	uint32_t out;  /* likewise */
	uint32_t up;   /* nearest ancestor that passes, or NONE */
	bool counted;
};

struct uct {
	struct tree_node *nodes;
	size_t n, cap;
	struct below root;
	bool settled;
};

static struct below *
below(struct uct *u, uint32_t node)
{
	return node == NONE ? &u->root : &u->nodes[node].below;
}

static double
squash(double score)
{
	return score / (1 + score);
}

static void
make_room(struct uct *u, size_t n)
{
	if (n > u->cap) {
		u->cap = n * 2;
		u->nodes = ke_grow(u->nodes, u->cap, sizeof(*u->nodes));
	}
	for (; u->n < n; u->n++)
		u->nodes[u->n] = (struct tree_node){
		    .up = NONE, .below = {.first = NONE, .next = NONE}};
}

static uint32_t
find_up(const struct search *s, const struct uct *u, uint32_t node)
{
	uint32_t p = s->graph.nodes[node].parent;

	if (p == NONE || s->graph.nodes[p].state == PASSED)
		return p;
	return u->nodes[p].up;
}

static void
hang(const struct search *s, struct uct *u, uint32_t node)
{
	struct tree_node *t = &u->nodes[node];
	struct below *up;

	t->up = find_up(s, u, node);
	t->counted = true;
	up = below(u, t->up);
	up->kids++;
	if (s->graph.nodes[node].state == PASSED) {
		t->below.next = up->first;
		up->first = node;
	}
}

/* Brings what is counted for the node up to date, in one step of the way up:
 * the caller carries the differences further. */
static void
differences(const struct search *s, struct uct *u, uint32_t node,
    struct below *by)
{
	const struct node *v = &s->graph.nodes[node];
	struct tree_node *t = &u->nodes[node];
	double reward = squash(v->score);

	*by = (struct below){.reward = reward - t->reward,
	    .out = v->out - t->out};
	if (!t->counted && v->state >= FAILED) {
		hang(s, u, node);
		by->visits = 1;
	}
	t->reward = reward;
	t->out = v->out;
}

static void
add(struct below *b, const struct below *by)
{
	b->reward += by->reward;
	b->visits += by->visits;
	b->out += by->out;
}

/* Counts a whole history: children are younger than their parents, so one
 * pass from the youngest on is enough, however deep the tree. */
static void
settle(const struct search *s, struct uct *u)
{
	u->root.first = NONE;
	make_room(u, s->graph.n);
	for (size_t i = 0; i < u->n; i++) {
		struct below by;

		differences(s, u, (uint32_t)i, &by);
		add(&u->nodes[i].below, &by);
	}
	for (size_t i = u->n; i-- > 0;)
		add(below(u, u->nodes[i].up), &u->nodes[i].below);
	u->settled = true;
}

static void
update(struct search *s, uint32_t node)
{
	struct uct *u = s->own;
	struct below by;

	if (!u->settled)
		return;
	make_room(u, s->graph.n);
	differences(s, u, node, &by);
	for (uint32_t n = node; n != NONE; n = u->nodes[n].up)
		add(&u->nodes[n].below, &by);
	add(&u->root, &by);
}

static double
bound(const struct below *child, const struct below *parent)
{
	double n = (double)child->visits + child->out,
	    all = (double)parent->visits + parent->out;

	return child->reward / n + EXPLORE * sqrt(log(all) / n);
}

/* The child to descend to, or NONE.  One that failed its confirmation is a
 * way to its children only. */
static uint32_t
best_child(const struct search *s, struct uct *u, uint32_t node)
{
	const struct below *parent = below(u, node);
	uint32_t best = NONE;
	double most = 0;

	for (uint32_t c = parent->first; c != NONE;
	    c = u->nodes[c].below.next) {
		const struct below *b = &u->nodes[c].below;
		double x = bound(b, parent);

		if (s->graph.nodes[c].state != PASSED && b->first == NONE)
			continue;
		if (best == NONE || x > most || (x == most && c < best)) {
			best = c;
			most = x;
		}
	}
	return best;
}

static bool
has_room(const struct search *s, const struct uct *u, uint32_t node)
{
	const struct below *b = &u->nodes[node].below;

	return (double)b->kids + s->graph.nodes[node].out <
	    ceil(sqrt((double)b->visits + b->out));
}

static void
choose(struct search *s, struct rng *rng, struct choice *c)
{
	struct uct *u = s->own;
	uint32_t node = NONE;
	unsigned steps = 0;

	(void)rng;
	if (!u->settled)
		settle(s, u);
	while ((node = best_child(s, u, node)) != NONE) {
		steps++;
		if (s->graph.nodes[node].state != PASSED)
			continue;
		c->node = node;
		if (has_room(s, u, node))
			break;
	}
	if (c->node != NONE)
		snprintf(c->why, sizeof(c->why),
		    "%u steps down, score %.4g, visits %u", steps,
		    s->graph.nodes[c->node].score,
		    u->nodes[c->node].below.visits);
}

const struct policy policy_uct = {
	.name = "uct",
	.size = sizeof(struct uct),
	.update = update,
	.choose = choose,
};
