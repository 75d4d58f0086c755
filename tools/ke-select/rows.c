/* A row changes what is known. */
#include <math.h>
#include <string.h>

#include "policy.h"

struct row {
	const char *id, *xid, *pid, *phase;
	int64_t seq, depth, island;
	enum ke_status status; /* KE_STATUS_COUNT: another word */
	bool pending, full;
	double score, tokens, money;
};

static int64_t
whole(const cJSON *rec, const char *name, int64_t min, int64_t max,
    int64_t other)
{
	int64_t v;

	if (!ke_json_integer(ke_json_get(rec, name), &v) || v < min || v > max)
		return other;
	return v;
}

static double
amount(const cJSON *rec, const char *name)
{
	double v = ke_json_number(rec, name, 0);

	return v > 0 && isfinite(v) ? v : 0;
}

static int
read_row(const cJSON *rec, struct row *r, struct ke_err *e)
{
	const char *status = ke_json_string(rec, "status"),
	    *effort = ke_json_string(rec, "effort");

	*r = (struct row){
	    .id = ke_json_string(rec, "id"),
	    .xid = ke_json_string(rec, "xid"),
	    .pid = ke_json_string(rec, "pid"),
	    .phase = ke_json_string(rec, "phase"),
	    .seq = whole(rec, "seq", 1, NONE - 1, 0),
	    .depth = whole(rec, "depth", 0, INT32_MAX, -1),
	    .island = whole(rec, "island", 0, INT32_MAX, -1),
	    .pending = ke_json_true(rec, "pending"),
	    .full = effort != NULL && strcmp(effort, "full") == 0,
	    .score = amount(rec, "score"),
	    .tokens = amount(rec, "tokens"),
	    .money = amount(rec, "money"),
	};
	if (r->id == NULL)
		return ke_fail(e, "not a row: id is missing");
	if (r->pending)
		return 0;
	if (status == NULL)
		return ke_fail(e, "not a row: status is missing");
	if (r->seq == 0)
		return ke_fail(e, "not a row: seq is missing, or no count");
	r->status = ke_status_find(status);
	return 0;
}

static bool
is_phase(const struct row *r, const char *phase)
{
	return r->phase != NULL && strcmp(r->phase, phase) == 0;
}

static void
add_out(struct search *s, uint32_t node, int by)
{
	if (node == NONE)
		return;
	s->graph.nodes[node].out += (uint32_t)by;
	s->policy->update(s, node);
}

void
search_issue(struct search *s, const struct flight *f)
{
	s->flying = ke_grow(s->flying, s->n_flying + 1, sizeof(*s->flying));
	s->flying[s->n_flying++] = *f;
	switch (f->phase) {
	case DRAFT:
		s->drafts_out++;
		break;
	case TREE:
		add_out(s, f->node, 1);
		break;
	case CONFIRM:
		s->confirms_flying++;
		s->graph.nodes[f->node].confirming = true;
		break;
	}
}

static struct flight *
find_flight(const struct search *s, const char *xid)
{
	for (size_t i = 0; xid != NULL && i < s->n_flying; i++)
		if (strcmp(s->flying[i].xid, xid) == 0)
			return &s->flying[i];
	return NULL;
}

static void
land(struct search *s, struct flight *f, bool lost)
{
	switch (f->phase) {
	case DRAFT:
		s->drafts_out--;
		if (lost) {
			s->again = ke_grow(
			    s->again, s->n_again + 1, sizeof(*s->again));
			s->again[s->n_again++] = f->draft;
		}
		break;
	case TREE:
		add_out(s, f->node, -1);
		break;
	case CONFIRM:
		s->confirms_flying--;
		break;
	}
	*f = s->flying[--s->n_flying];
}

/* Another writer's lease: a node to be, or one that is being confirmed. */
static void
take_lease(struct search *s, const struct row *r)
{
	uint32_t n = graph_find(&s->graph, r->id);
	struct node *v;

	if (n != NONE) {
		v = &s->graph.nodes[n];
		v->confirming |= v->state >= FAILED;
		return;
	}
	n = graph_add(&s->graph, r->id);
	v = &s->graph.nodes[n];
	v->state = PENDING;
	v->parent = r->pid == NULL ? NONE : graph_find(&s->graph, r->pid);
	s->pending++;
	if (is_phase(r, "draft")) {
		v->depth = -1;
		s->drafts_out++;
	}
	add_out(s, v->parent, 1);
}

/* The lease of a pending node ended, in whichever way. */
static void
end_lease(struct search *s, uint32_t node)
{
	struct node *v = &s->graph.nodes[node];

	s->pending--;
	if (v->depth == -1)
		s->drafts_out--;
	v->state = GONE;
	add_out(s, v->parent, -1);
}

static bool
can_be_repaired(enum ke_status s)
{
	return s != KE_STATUS_COUNT && s != KE_PASS && s != KE_PROTOCOL &&
	    !ke_status_passing(s);
}

static void
add_failure(struct search *s, uint32_t node, enum ke_status status)
{
	if (s->n_failures == FAILURES)
		memmove(&s->failures[0], &s->failures[1],
		    --s->n_failures * sizeof(s->failures[0]));
	s->failures[s->n_failures].node = node;
	s->failures[s->n_failures++].status = status;
}

static void
set_place(struct search *s, struct node *v, const struct row *r)
{
	const struct node *p;

	v->parent = r->pid == NULL ? NONE : graph_find(&s->graph, r->pid);
	p = v->parent == NONE ? NULL : &s->graph.nodes[v->parent];
	v->depth = (int32_t)(r->depth != -1 ? r->depth : p == NULL ? 0
	    : p->depth + 1);
	v->island = (int32_t)(r->island != -1 || p == NULL ? r->island
	    : p->island);
}

static void
count_node(struct search *s, const struct row *r, bool better)
{
	s->nodes++;
	s->tokens += r->tokens;
	s->money += r->money;
	s->since = better ? 0 : s->since + 1;
	if (is_phase(r, "draft"))
		s->drafts++;
}

static void
first_result(struct search *s, uint32_t n, const struct row *r)
{
	bool passed = r->status == KE_PASS;
	struct node *v;

	count_node(s, r, passed && r->score > confirm_best(s));
	if (n == NONE)
		n = graph_add(&s->graph, r->id);
	v = &s->graph.nodes[n];
	v->seq = (uint32_t)r->seq;
	v->state = passed ? PASSED : FAILED;
	v->score = passed ? r->score : 0;
	set_place(s, v, r);
	if (v->parent != NONE) {
		s->graph.nodes[v->parent].children++;
		s->policy->update(s, v->parent);
	}
	if (passed)
		s->passing++;
	else if (can_be_repaired(r->status))
		add_failure(s, n, r->status);
	confirm_first(s, n, r->full);
	s->policy->update(s, n);
}

/* A row that is not a lease: of a node that is new, lost, or measured again. */
static void
take_commit(struct search *s, const struct row *r)
{
	uint32_t n = graph_find(&s->graph, r->id);
	int64_t drafts = s->drafts;

	if (n != NONE && s->graph.nodes[n].state == PENDING)
		end_lease(s, n);
	if (n != NONE && s->graph.nodes[n].state >= FAILED) {
		s->graph.nodes[n].seq = (uint32_t)r->seq;
		if (r->full || r->status == KE_LOST)
			confirm_result(s, n, r->status, r->score);
	} else if (r->status != KE_LOST) {
		first_result(s, n, r);
	}
	confirm_row(s);
	if (drafts != s->drafts && s->drafts == s->drafts_wanted)
		s->due = s->would_be;
}

int
search_row(struct search *s, const cJSON *rec, struct ke_err *e)
{
	struct flight *f;
	struct row r;
	uint32_t n;

	if (read_row(rec, &r, e) == -1)
		return -1;
	f = find_flight(s, r.xid);
	if (r.pending) {
		if (f == NULL)
			take_lease(s, &r);
		return 0;
	}
	if (f != NULL)
		land(s, f, r.status == KE_LOST);
	n = graph_find(&s->graph, r.id);
	if (n == NONE || s->graph.nodes[n].seq < r.seq)
		take_commit(s, &r);
	return 0;
}
