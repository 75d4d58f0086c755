/* Each node that passes with the same probability. */
#include <stdio.h>
#include <stdlib.h>

#include "policy.h"

struct random {
	size_t n, cap, n_at;
	uint32_t *passing;
	uint32_t *at; /* by node: its place in passing, from 1, or 0 */
};

static uint32_t *
place_of(struct random *r, uint32_t node)
{
	if (node >= r->n_at) {
		size_t n = r->n_at == 0 ? 64 : r->n_at;

		while (n <= node)
			n *= 2;
		r->at = ke_grow(r->at, n, sizeof(*r->at));
		for (; r->n_at < n; r->n_at++)
			r->at[r->n_at] = 0;
	}
	return &r->at[node];
}

static void
update(struct search *s, uint32_t node)
{
	struct random *r = s->own;
	uint32_t *at = place_of(r, node);
	bool passed = s->graph.nodes[node].state == PASSED;

	if (passed && *at == 0) {
		if (r->n == r->cap) {
			r->cap = r->cap == 0 ? 64 : r->cap * 2;
			r->passing =
			    ke_grow(r->passing, r->cap, sizeof(*r->passing));
		}
		r->passing[r->n++] = node;
		*at = (uint32_t)r->n;
	} else if (!passed && *at != 0) {
		uint32_t last = r->passing[--r->n];

		r->passing[*at - 1] = last;
		r->at[last] = *at;
		*at = 0;
	}
}

static void
choose(struct search *s, struct rng *rng, struct choice *c)
{
	struct random *r = s->own;

	c->node = r->passing[rng_below(rng, r->n)];
	snprintf(c->why, sizeof(c->why), "one of %zu that pass", r->n);
}

static void
renumber(struct search *s, const uint32_t *to)
{
	struct random *r = s->own, old = *r;

	*r = (struct random){.cap = old.cap,
	    .passing = ke_calloc(old.cap + 1, sizeof(*r->passing))};
	for (size_t i = 0; i < old.n; i++) {
		uint32_t node = to[old.passing[i]];

		if (node == NONE)
			continue;
		r->passing[r->n++] = node;
		*place_of(r, node) = (uint32_t)r->n;
	}
	free(old.passing);
	free(old.at);
}

const struct policy policy_random = {
	.name = "random",
	.size = sizeof(struct random),
	.update = update,
	.choose = choose,
	.renumber = renumber,
};
