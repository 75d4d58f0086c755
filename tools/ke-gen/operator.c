/* Operators, each read once. */
#include <stdlib.h>
#include <string.h>

#include "gen.h"

struct gen_op {
	char *name;
	struct ke_op *op;
	struct gen_op *next;
};

const struct ke_op *
gen_operator(struct gen *g, const char *name, struct ke_err *e)
{
	struct gen_op *o = g->ops;
	struct ke_op *op;

	if (name == NULL) {
		ke_fail(e, "op: missing");
		return NULL;
	}
	while (o != NULL && strcmp(o->name, name) != 0)
		o = o->next;
	if (o != NULL)
		return o->op;
	op = ke_op_load(name, e);
	if (op == NULL)
		return NULL;
	o = ke_calloc(1, sizeof(*o));
	*o = (struct gen_op){ke_strdup(name), op, g->ops};
	g->ops = o;
	return op;
}
