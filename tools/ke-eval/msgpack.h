/* MessagePack, as far as the metadata of AMD's code objects use it: nil,
 * booleans, integers, floats, strings, arrays and maps.
 * https://github.com/msgpack/msgpack/blob/master/spec.md */
#ifndef KE_EVAL_MSGPACK_H
#define KE_EVAL_MSGPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place in bytes of somebody else's, before a value. */
struct msgpack {
	const unsigned char *p;
	size_t n; /* bytes from here to the end */
};

enum msgpack_type {
	MSGPACK_OTHER, MSGPACK_INTEGER, MSGPACK_TEXT, MSGPACK_ARRAY, MSGPACK_MAP
};

struct msgpack_value {
	enum msgpack_type type;
	uint64_t number;  /* an integer that isn't negative; else OTHER */
	const char *text; /* no 0 ends it */
	size_t n;         /* bytes of text; elements; pairs */
};

/* Reads a value and goes behind it: of an array or a map, behind its head, to
 * its first element or name.  False where it is cut short or of a type that
 * isn't read. */
bool msgpack_read(struct msgpack *, struct msgpack_value *);

/* Goes behind the value with all that it holds. */
bool msgpack_skip(struct msgpack *);

/* The value that the map here has for the name, a text; false where there is no
 * such. */
bool msgpack_get(const struct msgpack *map, const char *name,
    struct msgpack *to);

#endif
