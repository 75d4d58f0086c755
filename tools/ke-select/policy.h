/* A policy chooses which of the nodes that pass becomes a parent. */
#ifndef KE_SELECT_POLICY_H
#define KE_SELECT_POLICY_H

#include "search.h"

#define ISLANDS 4

struct choice {
	uint32_t node, second; /* parents, or NONE */
	int island;            /* -1 where there are none */
	char why[96];
};

struct policy {
	const char *name;
	size_t size; /* bytes of its state, zero at first */
	bool islands;
	/* The node has its first result, or its score, its state, its children
	 * or what is in flight under it changed. */
	void (*update)(struct search *, uint32_t node);
	/* Fills in the choice; at least one node passes.  node stays NONE where
	 * the policy has none after all. */
	void (*choose)(struct search *, struct rng *, struct choice *);
	/* Sets to[n] = n for nodes that must not be forgotten; NULL where the
	 * best will do. */
	void (*keep)(const struct search *, uint32_t *to);
	/* The node n becomes to[n], or is forgotten where that is NONE; the
	 * graph still has the old numbers. */
	void (*renumber)(struct search *, const uint32_t *to);
};

extern const struct policy policy_greedy, policy_beam, policy_uct,
    policy_evolve, policy_random;

/* NULL where there is none of that name. */
const struct policy *policy_find(const char *name);

#endif
