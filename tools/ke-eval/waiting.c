/* Candidates that wait to be evaluated as one group. */
#include <stdlib.h>
#include <string.h>

#include "waiting.h"

bool
waiting_fits(const struct waiting *w, const struct target *t,
    const struct ke_op *op, const char *type, bool full)
{
	return w->n == 0 || (w->n < GROUP_MAX && w->target == t &&
	    w->op == op && w->full == full && strcmp(w->type, type) == 0);
}

void
waiting_add(struct waiting *w, const cJSON *rec, const char *name,
    const char *where, const struct target *t, const struct ke_op *op,
    const char *type, bool full)
{
	if (w->n == 0)
		w->type = ke_strdup(type);
	w->target = t;
	w->op = op;
	w->full = full;
	w->of[w->n].rec = cJSON_Duplicate(rec, 1);
	w->of[w->n].name = ke_strdup(name);
	w->of[w->n++].where = ke_strdup(where);
}

void
waiting_clear(struct waiting *w)
{
	for (size_t i = 0; i < w->n; i++) {
		cJSON_Delete(w->of[i].rec);
		free(w->of[i].name);
		free(w->of[i].where);
	}
	free(w->type);
	*w = (struct waiting){0};
}
