/* Nodes by key: a binary heap that knows where each node is. */
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "mem.h"

static int
before(const struct heap_item *a, const struct heap_item *b)
{
	return a->key > b->key || (a->key == b->key && a->node < b->node);
}

static void
place(struct heap *h, size_t i, struct heap_item item)
{
	h->items[i] = item;
	h->at[item.node] = (uint32_t)i + 1;
}

static size_t
rise(struct heap *h, size_t i, struct heap_item item)
{
	while (i > 0 && before(&item, &h->items[(i - 1) / 2])) {
		place(h, i, h->items[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	return i;
}

static size_t
sink(struct heap *h, size_t i, struct heap_item item)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < h->n &&
		    before(&h->items[child + 1], &h->items[child]))
			child++;
		if (child >= h->n || !before(&h->items[child], &item))
			return i;
		place(h, i, h->items[child]);
		i = child;
	}
}

static void
make_room(struct heap *h, uint32_t node)
{
	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 64 : h->cap * 2;
		h->items = ke_grow(h->items, h->cap, sizeof(*h->items));
	}
	if (node >= h->n_at) {
		size_t n = h->n_at == 0 ? 64 : h->n_at;

		while (n <= node)
			n *= 2;
		h->at = ke_grow(h->at, n, sizeof(*h->at));
		memset(h->at + h->n_at, 0, (n - h->n_at) * sizeof(*h->at));
		h->n_at = n;
	}
}

void
heap_set(struct heap *h, uint32_t node, double key)
{
	struct heap_item item = {key, node};
	size_t i;

	make_room(h, node);
	i = h->at[node] == 0 ? h->n++ : h->at[node] - 1;
	place(h, sink(h, rise(h, i, item), item), item);
}

void
heap_remove(struct heap *h, uint32_t node)
{
	struct heap_item last;
	size_t i;

	if (node >= h->n_at || h->at[node] == 0)
		return;
	i = h->at[node] - 1;
	h->at[node] = 0;
	last = h->items[--h->n];
	if (i < h->n)
		place(h, sink(h, rise(h, i, last), last), last);
}

const struct heap_item *
heap_top(const struct heap *h)
{
	return h->n == 0 ? NULL : h->items;
}

void
heap_renumber(struct heap *h, const uint32_t *to)
{
	struct heap old = *h;

	*h = (struct heap){0};
	for (size_t i = 0; i < old.n; i++)
		if (to[old.items[i].node] != UINT32_MAX)
			heap_set(h, to[old.items[i].node], old.items[i].key);
	free(old.items);
	free(old.at);
}
