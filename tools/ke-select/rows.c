/* A row changes what is known. */
#include <math.h>
#include <string.h>

#include "policy.h"

#define REPAIRS 3 /* failures in a row, after which a line is given up */

struct row {
	const char *id, *xid, *pid, *phase, *limit;
	int64_t seq, depth, island, registers, launches;
	enum ke_status status; /* KE_STATUS_COUNT: another word */
	bool pending, full;
	double score, roof, tokens, money, joules;
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
	    .limit = ke_json_string(rec, "bottleneck"),
	    .seq = whole(rec, "seq", 1, INT64_MAX, 0),
	    .depth = whole(rec, "depth", 0, INT32_MAX, -1),
	    .island = whole(rec, "island", 0, INT32_MAX, -1),
	    .registers = whole(rec, "registers", 0, INT32_MAX, 0),
	    .launches = whole(rec, "launches", 0, INT32_MAX, 0),
	    .pending = ke_json_true(rec, "pending"),
	    .full = effort != NULL && strcmp(effort, "full") == 0,
	    .score = amount(rec, "score"),
	    .roof = amount(rec, "roofline"),
	    .tokens = amount(rec, "tokens"),
	    .money = amount(rec, "money"),
	    .joules = amount(rec, "joules"),
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

/* A line of failures is repaired REPAIRS times; then the search goes back to
 * what passes. */
static void
add_failure(struct search *s, uint32_t node, enum ke_status status)
{
	if (!can_be_repaired(status) || s->graph.nodes[node].fails > REPAIRS)
		return;
	if (s->n_failures == FAILURES)
		memmove(&s->failures[0], &s->failures[1],
		    --s->n_failures * sizeof(s->failures[0]));
	s->failures[s->n_failures].node = node;
	s->failures[s->n_failures++].status = status;
}

/* Where the row doesn't say, as its parent; the root has no node. */
static void
set_place(struct search *s, struct node *v, const struct row *r)
{
	const struct node root = {.depth = -1, .island = -1}, *p = &root;

	v->parent = r->pid == NULL ? NONE : graph_find(&s->graph, r->pid);
	if (v->parent != NONE)
		p = &s->graph.nodes[v->parent];
	v->depth = r->depth != -1 ? (int32_t)r->depth : p->depth + 1;
	v->island = r->island != -1 ? (int16_t)(r->island % ISLANDS)
	    : p->island;
	v->slate = p->slate;
	v->fails = v->state == PASSED ? 0
	    : p->fails < UINT8_MAX ? p->fails + 1 : UINT8_MAX;
}

/* A draft beyond those that were wanted begins a line of its own. */
static void
count_slate(struct search *s, uint32_t n, const struct row *r)
{
	struct node *v = &s->graph.nodes[n];

	if (is_phase(r, "draft") && s->drafts > s->drafts_wanted &&
	    s->slate.number < UINT16_MAX) {
		v->slate = ++s->slate.number;
		s->slate.best = NONE;
		s->slate.since = 0;
	}
	if (v->slate == 0 || v->slate != s->slate.number)
		return;
	s->slate.since++;
	if (v->state == PASSED && (s->slate.best == NONE ||
	    v->score > s->graph.nodes[s->slate.best].score)) {
		s->slate.best = n;
		s->slate.since = 0;
	}
}

static void
count_node(struct search *s, const struct row *r, bool better)
{
	s->nodes++;
	s->tokens += r->tokens;
	s->money += r->money;
	s->joules += r->joules;
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
	v->state = passed ? PASSED : FAILED;
	v->score = passed ? r->score : 0;
	v->roof = r->roof;
	v->behaviour = behaviour_find(&s->behaviours, r->limit, r->registers,
	    r->launches);
	set_place(s, v, r);
	count_slate(s, n, r);
	if (v->parent != NONE) {
		s->graph.nodes[v->parent].children++;
		s->policy->update(s, v->parent);
	}
	if (passed)
		s->passing++;
	else
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
		if (r->full && r->roof > 0)
			s->graph.nodes[n].roof = r->roof;
		if (r->full || r->status == KE_LOST)
			confirm_result(s, n, r->status, r->score);
	} else if (r->status != KE_LOST && !is_phase(r, "confirm")) {
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
	if (r.seq <= s->seq)
		return 0;
	s->seq = r.seq;
	take_commit(s, &r);
	search_forget(s);
	return 0;
}
