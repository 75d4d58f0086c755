/* Nodes by key: the highest first, the oldest of equals. */
#ifndef KE_SELECT_HEAP_H
#define KE_SELECT_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct heap {
	size_t n, cap, n_at;
	struct heap_item {
		double key;
		uint32_t node;
	} *items;
	uint32_t *at; /* by node: its place in items, from 1; 0 where absent */
};

/* Puts the node in, or moves it to where the key belongs. */
void heap_set(struct heap *, uint32_t node, double key);
void heap_remove(struct heap *, uint32_t node);

/* The node n becomes to[n]; where that is UINT32_MAX it is removed. */
void heap_renumber(struct heap *, const uint32_t *to);

/* NULL where it is empty. */
const struct heap_item *heap_top(const struct heap *);

#endif
