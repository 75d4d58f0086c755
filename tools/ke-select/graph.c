/* The nodes, found by id. */
#include <string.h>

#include "search.h"

static uint64_t
hash(const char *s)
{
	size_t n = strlen(s);
	uint64_t h = n, word;

	for (; n >= 8; n -= 8, s += 8) {
		memcpy(&word, s, 8);
		h = mix(h ^ word);
	}
	word = 0;
	memcpy(&word, s, n);
	return mix(h ^ word);
}

const char *
graph_id(const struct graph *g, uint32_t node)
{
	return g->names.s + g->nodes[node].name;
}

static size_t
slot(const struct graph *g, const char *id)
{
	size_t i = hash(id) & (g->n_slots - 1);

	while (g->slots[i] != NONE && strcmp(graph_id(g, g->slots[i]), id) != 0)
		i = (i + 1) & (g->n_slots - 1);
	return i;
}

uint32_t
graph_find(const struct graph *g, const char *id)
{
	return g->n_slots == 0 ? NONE : g->slots[slot(g, id)];
}

static void
fill_slots(struct graph *g)
{
	memset(g->slots, 0xff, g->n_slots * sizeof(*g->slots));
	for (size_t i = 0; i < g->n; i++)
		g->slots[slot(g, graph_id(g, (uint32_t)i))] = (uint32_t)i;
}

/* The slots are at most half full. */
static void
make_room(struct graph *g)
{
	if (g->n < g->cap)
		return;
	g->cap = g->cap == 0 ? 64 : g->cap * 2;
	g->nodes = ke_grow(g->nodes, g->cap, sizeof(*g->nodes));
	g->n_slots = 2 * g->cap;
	g->slots = ke_grow(g->slots, g->n_slots, sizeof(*g->slots));
	fill_slots(g);
}

uint32_t
graph_add(struct graph *g, const char *id)
{
	uint32_t n = (uint32_t)g->n;

	make_room(g);
	g->slots[slot(g, id)] = n;
	g->nodes[n] = (struct node){
	    .name = g->names.n, .parent = NONE, .island = -1};
	ke_buf_add(&g->names, id, strlen(id) + 1);
	g->n++;
	return n;
}

void
graph_renumber(struct graph *g, const uint32_t *to)
{
	size_t kept = 0;

	g->names.n = 0;
	for (size_t i = 0; i < g->n; i++) {
		struct node v = g->nodes[i];
		const char *id = g->names.s + v.name;
		size_t n = strlen(id) + 1;

		if (to[i] == NONE)
			continue;
		v.parent = v.parent == NONE ? NONE : to[v.parent];
		v.name = g->names.n;
		memmove(g->names.s + v.name, id, n);
		g->names.n += n;
		g->nodes[to[i]] = v;
		kept++;
	}
	g->n = kept;
	fill_slots(g);
}
