/* Which node has to be measured in full before it may be called the best. */
#include "policy.h"

#define LATE 3 /* confirmations at most once a stop rule holds */

static uint32_t
would_be(const struct search *s)
{
	const struct heap_item *top = heap_top(&s->quick);

	return top != NULL && top->key > s->best_full ? top->node : NONE;
}

uint32_t
confirm_best_node(const struct search *s)
{
	uint32_t n = would_be(s);

	return n == NONE ? s->best : n;
}

double
confirm_best(const struct search *s)
{
	uint32_t n = would_be(s);

	return n == NONE ? s->best_full : s->graph.nodes[n].score;
}

static void
full_score(struct search *s, uint32_t node, double score)
{
	struct node *v = &s->graph.nodes[node];

	heap_remove(&s->quick, node);
	v->confirmed = true;
	v->score = score;
	if (score > s->best_full) {
		s->best_full = score;
		s->best = node;
	}
}

/* best_full never falls, so what is not above it never will be. */
void
confirm_first(struct search *s, uint32_t node, bool full)
{
	const struct node *v = &s->graph.nodes[node];

	if (v->state != PASSED)
		return;
	if (full)
		full_score(s, node, v->score);
	else if (v->score > s->best_full)
		heap_set(&s->quick, node, v->score);
}

void
confirm_result(struct search *s, uint32_t node, enum ke_status status,
    double score)
{
	struct node *v = &s->graph.nodes[node];
	bool again = status != KE_STATUS_COUNT && ke_status_passing(status);

	v->confirming = false;
	if (v->tries < UINT8_MAX)
		v->tries++;
	if (v->state != PASSED)
		return;
	if (status == KE_PASS) {
		full_score(s, node, score);
	} else if (status == KE_STATUS_COUNT || (again && v->tries >= 2)) {
		heap_remove(&s->quick, node);
	} else if (!again) {
		heap_remove(&s->quick, node);
		v->state = FAILED;
		v->score = 0;
		s->passing--;
	}
	s->policy->update(s, node);
}

void
confirm_row(struct search *s)
{
	uint32_t n = would_be(s);

	if (n == s->would_be) {
		s->stayed++;
		return;
	}
	s->would_be = n;
	s->stayed = 0;
}

uint32_t
confirm_due(const struct search *s, bool over)
{
	uint32_t n = would_be(s);

	if (n == NONE || s->graph.nodes[n].confirming)
		return NONE;
	if (over)
		return s->late < LATE ? n : NONE;
	return n == s->due || s->stayed >= s->wait ? n : NONE;
}
