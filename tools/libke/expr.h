/* Expressions of plans and operators: ke-plan(5), EXPRESSIONS. */
#ifndef KE_EXPR_H
#define KE_EXPR_H

#include <stdint.h>

#include "mem.h"

#define KE_EXPR_MAX 4096 /* bytes: each case evaluates each expression again */

/* The names that an expression may use.  Names are borrowed. */
struct ke_scope {
	size_t n;
	struct ke_name {
		const char *name;
		int64_t value;
	} names[192];
};

/* Does not look whether the name is there; a full scope ends the program. */
void ke_scope_add(struct ke_scope *, const char *name, int64_t value);
/* NULL where there is none. */
const int64_t *ke_scope_find(const struct ke_scope *, const char *name,
    size_t len);

/* The value, or -1 with "EXPR: column N: why". */
int ke_expr(const char *text, const struct ke_scope *, int64_t *,
    struct ke_err *);

/* Is the syntax right and every name known?  Values don't matter.  0, or -1
 * as ke_expr. */
int ke_expr_check(const char *text, const struct ke_scope *, struct ke_err *);

/* An identifier of C, and none of its keywords or of the functions above? */
int ke_is_name(const char *);

#endif
