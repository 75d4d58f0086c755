/* The project's rules for JSON, over cJSON: names are case-sensitive, a text
 * ends where its value ends, no name stands twice in an object, \u0000 and
 * bytes that aren't UTF-8 are refused on the way in and repaired on the way
 * out, integers beyond 2^53 are strings, NaN and infinity are never printed. */
#ifndef KE_JSON_H
#define KE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "mem.h"

#define KE_JSON_EXACT 9007199254740992.0 /* 2^53 */

/* The value in s[0..n), or NULL with the reason.  The caller deletes. */
cJSON *ke_json_parse(const char *s, size_t n, struct ke_err *);

/* As ke_json_parse, but the value may be followed by anything; *used is its
 * length with leading blanks, or where in s it is wrong. */
cJSON *ke_json_parse_prefix(const char *s, size_t n, size_t *used,
    struct ke_err *);

/* On one line, without blanks, and parses to the same.  The caller frees. */
char *ke_json_print(const cJSON *);

/* The member, or NULL where it is absent or of another type. */
cJSON *ke_json_get(const cJSON *, const char *name);
cJSON *ke_json_object(const cJSON *, const char *name);
cJSON *ke_json_array(const cJSON *, const char *name);
const char *ke_json_string(const cJSON *, const char *name);

/* The number, or other where there is none. */
double ke_json_number(const cJSON *, const char *name, double other);
bool ke_json_true(const cJSON *, const char *name);

/* True and *out where the value is a whole number within 2^53. */
bool ke_json_integer(const cJSON *value, int64_t *out);

/* The text of an expression: a string, or a whole number, which becomes one in
 * the tree.  NULL where it is neither. */
const char *ke_json_expression(cJSON *);

/* Set a member, replacing one that is there.  A number that isn't finite is
 * left out; text (NULL: none, where n is 0) is repaired to UTF-8. */
void ke_json_set(cJSON *, const char *name, cJSON *value);
void ke_json_set_number(cJSON *, const char *name, double);
void ke_json_set_string(cJSON *, const char *name, const char *);
void ke_json_set_text(cJSON *, const char *name, const char *, size_t n);
/* As set, where the name is known to be new: does not look. */
void ke_json_add_number(cJSON *, const char *name, double);

#endif
