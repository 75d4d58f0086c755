/* The tree of the nodes that pass, descended by upper confidence bounds.  What
 * is looked for is the best node, not a good mean: a subtree is worth what its
 * best node is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy.h"

#define EXPLORE 0.1

/* What a node is worth: of it and all below it, the best score, how many there
 * are, and how many are in flight. */
struct below {
	double top;
	uint32_t visits, out;
	uint32_t kids;        /* nodes just below, whether they pass or not */
	uint32_t first, next; /* list of those that passed, or NONE */
};

struct tree_node {
	struct below below;
	double score; /* its own, as counted in those above */
	uint32_t out; /* likewise */
	uint32_t up;   /* nearest ancestor that passes, or NONE */
	bool counted, listed;
};

struct uct {
	struct tree_node *nodes;
	size_t n, cap;
	struct below root;
	bool started, settled;
};

static struct below *
below(struct uct *u, uint32_t node)
{
	return node == NONE ? &u->root : &u->nodes[node].below;
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
list(struct uct *u, uint32_t node)
{
	struct tree_node *t = &u->nodes[node];
	struct below *up = below(u, t->up);

	t->listed = true;
	t->below.next = up->first;
	up->first = node;
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
	if (s->graph.nodes[node].state == PASSED)
		list(u, node);
}

/* Brings what is counted for the node up to date, in one step of the way up:
 * the caller carries the differences further. */
static void
differences(const struct search *s, struct uct *u, uint32_t node,
    struct below *by)
{
	const struct node *v = &s->graph.nodes[node];
	struct tree_node *t = &u->nodes[node];

	*by = (struct below){.top = v->score, .out = v->out - t->out};
	if (!t->counted && v->state >= FAILED) {
		hang(s, u, node);
		by->visits = 1;
	}
	t->score = v->score;
	t->out = v->out;
}

static void
add(struct below *b, const struct below *by)
{
	b->top = by->top > b->top ? by->top : b->top;
	b->visits += by->visits;
	b->out += by->out;
}

/* Counts what a history has brought since the last time: children are younger
 * than their parents, so one pass from the youngest on is enough, however deep
 * the tree. */
static void
settle(const struct search *s, struct uct *u)
{
	struct below *by = ke_calloc(s->graph.n + 1, sizeof(*by));

	if (!u->started)
		u->root.first = NONE;
	u->started = true;
	make_room(u, s->graph.n);
	for (size_t i = 0; i < u->n; i++) {
		differences(s, u, (uint32_t)i, &by[i]);
		u->nodes[i].below.top = 0;
	}
	for (size_t i = u->n; i-- > 0;) {
		uint32_t up = u->nodes[i].up;

		add(&u->nodes[i].below, &by[i]);
		if (up == NONE)
			add(&u->root, &by[i]);
		else
			add(&by[up], &by[i]);
	}
	free(by);
}

/* Its score, or that of one below it, fell. */
static void
find_top(struct uct *u, uint32_t node)
{
	struct below *b = &u->nodes[node].below;

	b->top = u->nodes[node].score;
	for (uint32_t c = b->first; c != NONE; c = u->nodes[c].below.next)
		if (u->nodes[c].below.top > b->top)
			b->top = u->nodes[c].below.top;
}

static void
update(struct search *s, uint32_t node)
{
	struct uct *u = s->own;
	struct below by;
	bool fell;

	if (!u->settled)
		return;
	make_room(u, s->graph.n);
	fell = s->graph.nodes[node].score < u->nodes[node].score;
	differences(s, u, node, &by);
	for (uint32_t n = node; n != NONE; n = u->nodes[n].up) {
		add(&u->nodes[n].below, &by);
		if (fell)
			find_top(u, n);
	}
	add(&u->root, &by);
}

/* Over the best score there is, so that what an operator's speedups are like
 * doesn't matter. */
static double
bound(const struct below *child, const struct below *parent, double best)
{
	double n = (double)child->visits + child->out,
	    all = (double)parent->visits + parent->out;

	return child->top / best + EXPLORE * sqrt(log(all) / n);
}

/* The child to descend to, or NONE.  One that failed its confirmation is a
 * way to its children only. */
static uint32_t
best_child(const struct search *s, struct uct *u, uint32_t node)
{
	const struct below *parent = below(u, node);
	uint32_t best = NONE;
	double most = 0, top = confirm_best(s);

	for (uint32_t c = parent->first; c != NONE;
	    c = u->nodes[c].below.next) {
		const struct below *b = &u->nodes[c].below;
		double x = bound(b, parent, top > 0 ? top : 1);

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
	u->settled = true;
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

/* What is forgotten stays counted above it; what hung below it hangs from the
 * nearest one above that is remembered. */
static void
renumber(struct search *s, const uint32_t *to)
{
	struct uct *u = s->own;
	size_t kept = 0;

	if (!u->settled)
		settle(s, u);
	for (size_t i = 0; i < u->n; i++) {
		uint32_t up = u->nodes[i].up;

		if (up != NONE && to[up] == NONE)
			u->nodes[i].up = u->nodes[up].up;
	}
	u->root.first = NONE;
	for (size_t i = 0; i < u->n; i++) {
		struct tree_node *t = &u->nodes[kept];

		if (to[i] == NONE)
			continue;
		*t = u->nodes[i];
		t->up = t->up == NONE ? NONE : to[t->up];
		t->below.first = NONE;
		if (t->listed)
			list(u, (uint32_t)kept);
		kept++;
	}
	u->n = kept;
}

const struct policy policy_uct = {
	.name = "uct",
	.size = sizeof(struct uct),
	.update = update,
	.choose = choose,
	.renumber = renumber,
};
