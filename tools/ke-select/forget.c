/* A search of a million nodes is remembered in the memory of one of
 * REMEMBERED: then all are forgotten but what is in use, what the policy
 * keeps, and the best of those that pass. */
#include <stdlib.h>

#include "policy.h"

#define REMEMBERED 65536

struct ranked {
	double score;
	uint32_t node;
};

static int
by_score(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->node < y->node ? -1 : 1;
}

static void
keep(uint32_t *to, uint32_t node)
{
	if (node != NONE)
		to[node] = node;
}

static void
keep_used(const struct search *s, uint32_t *to)
{
	for (uint32_t i = 0; i < s->graph.n; i++) {
		const struct node *v = &s->graph.nodes[i];

		if (v->state == PENDING || v->out > 0 || v->confirming)
			keep(to, i);
	}
	for (size_t i = 0; i < s->n_flying; i++)
		keep(to, s->flying[i].node);
	for (size_t i = 0; i < s->n_failures; i++)
		keep(to, s->failures[i].node);
	keep(to, s->slate.best);
	keep(to, s->best);
	keep(to, s->would_be);
	keep(to, s->due);
	if (s->policy->keep != NULL)
		s->policy->keep(s, to);
}

static void
keep_best(const struct search *s, uint32_t *to)
{
	struct ranked *all = ke_calloc(s->graph.n, sizeof(*all));
	size_t n = 0;

	for (uint32_t i = 0; i < s->graph.n; i++)
		if (s->graph.nodes[i].state == PASSED)
			all[n++] = (struct ranked){s->graph.nodes[i].score, i};
	qsort(all, n, sizeof(*all), by_score);
	for (size_t i = 0; i < n && i < REMEMBERED / 2; i++)
		keep(to, all[i].node);
	free(all);
}

static void
renumber(uint32_t *node, const uint32_t *to)
{
	if (*node != NONE)
		*node = to[*node];
}

static void
renumber_search(struct search *s, const uint32_t *to)
{
	for (size_t i = 0; i < s->n_flying; i++)
		renumber(&s->flying[i].node, to);
	for (size_t i = 0; i < s->n_failures; i++)
		renumber(&s->failures[i].node, to);
	renumber(&s->slate.best, to);
	renumber(&s->best, to);
	renumber(&s->would_be, to);
	renumber(&s->due, to);
	heap_renumber(&s->quick, to);
	s->policy->renumber(s, to);
	graph_renumber(&s->graph, to);
	s->passing = 0;
	for (size_t i = 0; i < s->graph.n; i++)
		s->passing += s->graph.nodes[i].state == PASSED;
}

void
search_forget(struct search *s)
{
	uint32_t *to, kept = 0;

	if (s->graph.n < REMEMBERED || s->graph.n < s->room)
		return;
	to = ke_calloc(s->graph.n, sizeof(*to));
	for (size_t i = 0; i < s->graph.n; i++)
		to[i] = NONE;
	keep_used(s, to);
	keep_best(s, to);
	for (size_t i = 0; i < s->graph.n; i++)
		if (to[i] != NONE)
			to[i] = kept++;
	renumber_search(s, to);
	/* where much is in use, not at every row */
	s->room = 2 * s->graph.n;
	free(to);
}
