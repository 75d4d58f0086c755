/* What is known of a search: its nodes, what is in flight, what was spent. */
#ifndef KE_SELECT_SEARCH_H
#define KE_SELECT_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "draw.h"
#include "heap.h"
#include "json.h"
#include "record.h"

#define NONE UINT32_MAX /* no node */

enum phase { DRAFT, TREE, CONFIRM };

/* Pending: a lease of another writer.  Lost: one that ended with nothing. */
enum state { PENDING, GONE, FAILED, PASSED };

struct node {
	double score;    /* the full one once there is one; 0 unless passed */
	size_t name;     /* where its id is among the graph's names */
	double roof;     /* fraction of the roofline that it reaches, or 0 */
	uint32_t parent; /* or NONE */
	uint32_t children;
	uint32_t out; /* in flight under it, ours and others' */
	int32_t depth;
	uint16_t slate;     /* clean slate that it descends from, or 0 */
	uint16_t behaviour; /* one of BEHAVIOURS */
	int16_t island;     /* -1 where not said */
	uint8_t state;
	uint8_t fails; /* nodes in a row, up to it, that failed; saturates */
	uint8_t tries; /* confirmations that came back */
	bool confirming, confirmed;
};

/* The nodes, oldest first: the order of their numbers is that of their age. */
struct graph {
	struct node *nodes;
	size_t n, cap;
	uint32_t *slots; /* by hash of the id: the node, or NONE */
	size_t n_slots;
	struct ke_buf names;
};

const char *graph_id(const struct graph *, uint32_t node);
uint32_t graph_find(const struct graph *, const char *id);
/* The id must be new. */
uint32_t graph_add(struct graph *, const char *id);
/* Drops the nodes for which to[] is NONE; the others get the numbers it says,
 * which keep their order. */
void graph_renumber(struct graph *, const uint32_t *to);

/* What a kernel does, in a few bits: what limits it, registers, launches. */
#define BEHAVIOURS (LIMITS * 5 * 4)
#define LIMITS 16

struct behaviours {
	char *limits[LIMITS - 1]; /* names of bottlenecks as they came */
};

/* The limit may be NULL; registers and launches are 0 where not known. */
uint16_t behaviour_find(struct behaviours *, const char *limit,
    int64_t registers, int64_t launches);

/* An expansion of ours that has not come back. */
struct flight {
	char xid[XID];
	enum phase phase;
	uint32_t node; /* parent, or the node being confirmed, or NONE */
	int64_t draft;
};

#define FAILURES 16 /* that may be repaired */

struct search {
	struct graph graph;
	struct behaviours behaviours;
	cJSON *header;
	const struct policy *policy;
	void *own; /* the policy's state */
	struct draw draw;
	int64_t seq; /* of the row last heard */

	struct flight *flying;
	size_t n_flying, confirms_flying;
	size_t pending; /* others' expansions in flight, not confirmations */

	int64_t drafts_wanted, drafts, drafts_out;
	int64_t *again; /* numbers of drafts that were lost */
	size_t n_again;

	struct {
		uint32_t node;
		enum ke_status status;
	} failures[FAILURES]; /* newest last */
	size_t n_failures;

	struct {
		uint16_t number; /* of the newest; 0 where there was none */
		uint32_t best;   /* of what descends from it, or NONE */
		uint32_t since;  /* its nodes since that */
	} slate;

	size_t nodes;
	size_t passing; /* of those remembered */
	size_t since;   /* new nodes since the best score rose */
	double tokens, money, joules;

	struct heap quick; /* nodes that a confirmation could make best */
	double best_full;  /* 0 where there is none */
	uint32_t best;     /* whose that is, or NONE */
	uint32_t would_be; /* best, or NONE */
	uint32_t due;      /* was that when the drafts ended, or NONE */
	int64_t stayed;    /* rows since it became that */
	int64_t wait;      /* rows that it has to stay */
	int64_t late;      /* confirmations issued since a rule held */

	const char *memory; /* for every tree expansion, or NULL */
	size_t room;        /* nodes at which some are forgotten */
};

/* Reads a row and takes it in.  0, or -1 with the reason. */
int search_row(struct search *, const cJSON *rec, struct ke_err *);

/* Says that the expansion is in flight. */
void search_issue(struct search *, const struct flight *);

/* Where there are too many nodes, forgets those that matter least. */
void search_forget(struct search *);

/* The confirmation that is due, given whether the search is over but for
 * that; or NONE. */
uint32_t confirm_due(const struct search *, bool over);
/* The node's first result is in. */
void confirm_first(struct search *, uint32_t node, bool full);
/* A further result of a node is in; status is KE_STATUS_COUNT for other words
 * than an evaluation's. */
void confirm_result(struct search *, uint32_t node, enum ke_status,
    double score);
/* A row was taken in: is the would-be best still the same? */
void confirm_row(struct search *);
/* The node with the best score there is, confirmed or about to be, or NONE;
 * and that score. */
uint32_t confirm_best_node(const struct search *);
double confirm_best(const struct search *);

#endif
