/* How a candidate's blocks fall on the workers: its plan, resolved for each
 * timed case. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grid.h"
#include "plan.h"

static struct ke_op *
op_of(struct session *s, const char *name, struct ke_err *e)
{
	if (s->op != NULL && strcmp(s->op->name, name) == 0)
		return s->op;
	ke_op_free(s->op);
	s->op = ke_op_load(name, e);
	return s->op;
}

static int
case_of(const struct ke_op *op, const cJSON *dims, struct ke_case *kase,
    struct ke_err *e)
{
	*kase = (struct ke_case){.weight = 1};
	for (size_t i = 0; i < op->n_dims; i++)
		if (!ke_json_integer(ke_json_get(dims, op->dims[i].name),
		    &kase->dims[i]))
			return ke_fail(e, "dims: no %s", op->dims[i].name);
	return 0;
}

static double
blocks_of(const struct ke_resolved *r, size_t launch)
{
	return (double)r->grid[launch][0] * (double)r->grid[launch][1] *
	    (double)r->grid[launch][2];
}

static size_t
launch_of(const struct ke_plan *p, const struct ke_resolved *r,
    const char *function)
{
	size_t most = 0;

	for (size_t i = 0; i < p->n_launches; i++) {
		if (function != NULL &&
		    strcmp(p->launches[i].kernel, function) == 0)
			return i;
		if (blocks_of(r, i) > blocks_of(r, most))
			most = i;
	}
	return most;
}

static void
grid_of(const struct ke_plan *p, const struct ke_resolved *r, size_t launch,
    int workers, struct grid *g)
{
	snprintf(g->kernel, sizeof(g->kernel), "%s",
	    p->launches[launch].kernel);
	g->blocks = blocks_of(r, launch);
	g->busy = g->blocks / (ceil(g->blocks / workers) * workers);
}

static int
worst_of(struct job *j, const struct ke_plan *p, const struct ke_op *op,
    const char *function, struct grid *worst, struct ke_err *e)
{
	const cJSON *kase, *choice = ke_json_object(j->rec, "choice");

	worst->busy = 2;
	cJSON_ArrayForEach(kase, ke_json_array(j->eval, "cases")) {
		struct ke_resolved r;
		struct ke_case k;
		struct grid g;

		if (!(ke_json_number(kase, "t_us", 0) > 0) ||
		    ke_json_true(kase, "outside"))
			continue;
		if (case_of(op, ke_json_object(kase, "dims"), &k, e) == -1 ||
		    ke_plan_resolve(p, op, &k, choice, &r, e) == -1)
			return -1;
		grid_of(p, &r, launch_of(p, &r, function), j->workers, &g);
		if (g.busy < worst->busy)
			*worst = g;
	}
	return worst->busy <= 1 ? 0 : ke_fail(e, "no timed case");
}

int
grid_worst(struct job *j, const char *function, struct grid *g,
    struct ke_err *e)
{
	const char *name = ke_json_string(j->rec, "op");
	const char *source = ke_json_string(j->rec, "source");
	struct ke_op *op;
	struct ke_plan *p;
	int status;

	if (name == NULL || source == NULL)
		return ke_fail(e, "no op, or no source");
	op = op_of(j->session, name, e);
	p = op != NULL ? ke_plan_parse(source, op, e) : NULL;
	if (p == NULL)
		return -1;
	status = worst_of(j, p, op, function, g, e);
	ke_plan_free(p);
	return status;
}
