/* MessagePack. */
#include <string.h>

#include "msgpack.h"

/* So many bytes as a number, the first the highest. */
static bool
take(struct msgpack *m, size_t bytes, uint64_t *to)
{
	uint64_t v = 0;

	if (m->n < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | m->p[i];
	m->p += bytes;
	m->n -= bytes;
	*to = v;
	return true;
}

/* What a head says beside its own bits: the type, and how many bytes its number
 * has; of a float the bytes to go over. */
static const struct head {
	enum msgpack_type type;
	unsigned char from, to, bytes;
	unsigned char mask; /* of the number in the head itself */
} heads[] = {
	{MSGPACK_INTEGER, 0x00, 0x7f, 0, 0x7f},
	{MSGPACK_MAP, 0x80, 0x8f, 0, 0x0f},
	{MSGPACK_ARRAY, 0x90, 0x9f, 0, 0x0f},
	{MSGPACK_TEXT, 0xa0, 0xbf, 0, 0x1f},
	{MSGPACK_OTHER, 0xc0, 0xc0, 0, 0}, /* nil */
	{MSGPACK_OTHER, 0xc2, 0xc3, 0, 0}, /* false, true */
	{MSGPACK_OTHER, 0xca, 0xca, 4, 0}, /* floats */
	{MSGPACK_OTHER, 0xcb, 0xcb, 8, 0},
	{MSGPACK_INTEGER, 0xcc, 0xcc, 1, 0},
	{MSGPACK_INTEGER, 0xcd, 0xcd, 2, 0},
	{MSGPACK_INTEGER, 0xce, 0xce, 4, 0},
	{MSGPACK_INTEGER, 0xcf, 0xcf, 8, 0},
	{MSGPACK_OTHER, 0xd0, 0xd0, 1, 0}, /* with a sign */
	{MSGPACK_OTHER, 0xd1, 0xd1, 2, 0},
	{MSGPACK_OTHER, 0xd2, 0xd2, 4, 0},
	{MSGPACK_OTHER, 0xd3, 0xd3, 8, 0},
	{MSGPACK_TEXT, 0xd9, 0xd9, 1, 0},
	{MSGPACK_TEXT, 0xda, 0xda, 2, 0},
	{MSGPACK_TEXT, 0xdb, 0xdb, 4, 0},
	{MSGPACK_ARRAY, 0xdc, 0xdc, 2, 0},
	{MSGPACK_ARRAY, 0xdd, 0xdd, 4, 0},
	{MSGPACK_MAP, 0xde, 0xde, 2, 0},
	{MSGPACK_MAP, 0xdf, 0xdf, 4, 0},
	{MSGPACK_OTHER, 0xe0, 0xff, 0, 0}, /* negative */
};

static const struct head *
find_head(unsigned char c)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (c >= heads[i].from && c <= heads[i].to)
			return &heads[i];
	return NULL;
}

bool
msgpack_read(struct msgpack *m, struct msgpack_value *v)
{
	const struct head *h;
	uint64_t first, number;

	if (!take(m, 1, &first) ||
	    (h = find_head((unsigned char)first)) == NULL ||
	    !take(m, h->bytes, &number))
		return false;
	if (h->bytes == 0)
		number = first & h->mask;
	*v = (struct msgpack_value){.type = h->type};
	switch (h->type) {
	case MSGPACK_OTHER:
		return true;
	case MSGPACK_INTEGER:
		v->number = number;
		return true;
	case MSGPACK_TEXT:
		if (number > m->n)
			return false;
		v->text = (const char *)m->p;
		v->n = number;
		m->p += number;
		m->n -= number;
		return true;
	case MSGPACK_ARRAY:
	case MSGPACK_MAP:
		/* each that it holds has a byte at least */
		v->n = number;
		return number <= m->n;
	}
	return false;
}

bool
msgpack_skip(struct msgpack *m)
{
	struct msgpack_value v;
	uint64_t left = 1;

	while (left > 0) {
		if (!msgpack_read(m, &v))
			return false;
		left--;
		if (v.type == MSGPACK_ARRAY)
			left += v.n;
		if (v.type == MSGPACK_MAP)
			left += 2 * (uint64_t)v.n;
		if (left > m->n)
			return false;
	}
	return true;
}

bool
msgpack_get(const struct msgpack *map, const char *name, struct msgpack *to)
{
	struct msgpack m = *map;
	struct msgpack_value v, key;
	size_t n = strlen(name);

	if (!msgpack_read(&m, &v) || v.type != MSGPACK_MAP)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		struct msgpack at = m;

		if (!msgpack_skip(&m))
			return false;
		if (msgpack_read(&at, &key) && key.type == MSGPACK_TEXT &&
		    key.n == n && memcmp(key.text, name, n) == 0) {
			*to = m;
			return true;
		}
		if (!msgpack_skip(&m))
			return false;
	}
	return false;
}
