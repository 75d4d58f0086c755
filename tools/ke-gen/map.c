/* A set of 64-bit keys, by open addressing. */
#include <stdlib.h>

#include "map.h"
#include "mem.h"

/* 0 marks an empty slot. */
static uint64_t
used(uint64_t key)
{
	return key == 0 ? 1 : key;
}

static struct map_slot *
find(const struct map *m, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15u >> 20) & (m->cap - 1);

	while (m->slots[i].key != 0 && m->slots[i].key != key)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

static void
widen(struct map *m)
{
	struct map old = *m;

	m->cap = old.cap == 0 ? 64 : 2 * old.cap;
	m->slots = ke_calloc(m->cap, sizeof(*m->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].key != 0)
			*find(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

uint32_t *
map_put(struct map *m, uint64_t key)
{
	struct map_slot *s;

	if (2 * (m->n + 1) > m->cap)
		widen(m);
	s = find(m, used(key));
	if (s->key == 0) {
		s->key = used(key);
		m->n++;
	}
	return &s->value;
}

const uint32_t *
map_get(const struct map *m, uint64_t key)
{
	struct map_slot *s;

	if (m->n == 0)
		return NULL;
	s = find(m, used(key));
	return s->key == 0 ? NULL : &s->value;
}
