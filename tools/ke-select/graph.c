/* The nodes, found by id. */
#include <string.h>

#include "search.h"

#define NAMES 65536 /* bytes of ids that are allocated at once */

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

static size_t
slot(const struct graph *g, const char *id)
{
	size_t i = hash(id) & (g->n_slots - 1);

	while (g->slots[i] != NONE && strcmp(g->nodes[g->slots[i]].id, id) != 0)
		i = (i + 1) & (g->n_slots - 1);
	return i;
}

uint32_t
graph_find(const struct graph *g, const char *id)
{
	return g->n_slots == 0 ? NONE : g->slots[slot(g, id)];
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
	memset(g->slots, 0xff, g->n_slots * sizeof(*g->slots));
	for (size_t i = 0; i < g->n; i++)
		g->slots[slot(g, g->nodes[i].id)] = (uint32_t)i;
}

static const char *
keep_name(struct graph *g, const char *id)
{
	size_t n = strlen(id) + 1;
	char *kept;

	if (n > NAMES / 16)
		return ke_strdup(id);
	if (n > g->names_left) {
		g->names = ke_grow(NULL, NAMES, 1);
		g->names_left = NAMES;
	}
	kept = memcpy(g->names, id, n);
	g->names += n;
	g->names_left -= n;
	return kept;
}

uint32_t
graph_add(struct graph *g, const char *id)
{
	uint32_t n = (uint32_t)g->n;

	make_room(g);
	g->slots[slot(g, id)] = n;
	g->nodes[n] = (struct node){
	    .id = keep_name(g, id), .parent = NONE, .island = -1};
	g->n++;
	return n;
}
