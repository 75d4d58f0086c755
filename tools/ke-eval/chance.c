/* A group's evaluation, on a device that may fail.
 *
 * Where it was the device that failed, or the baseline did on one, which may
 * have been the device, there is a second chance, with new processes and
 * contexts.  Who is lost then too is evaluated by itself, so that one who
 * brings the device down takes nobody along; who is lost there is quarantined,
 * and until a group is evaluated each has one chance: the device may have
 * recovered. */
#include <err.h>
#include <string.h>

#include "call.h"
#include "chance.h"
#include "target.h"

/* The epoch that quick evaluations share. */
static struct epoch *shared;

/* The epoch for n candidates: a fresh one in full effort. */
static struct epoch *
get_epoch(const struct ke_op *op, const char *type, size_t n, bool *is_op,
    struct ke_err *e)
{
	struct epoch *epoch;

	if (shared != NULL && !call.settings.full && !shared->full &&
	    shared->target == call.settings.target &&
	    shared->op == op && shared->dtype == ke_dtype_find(type) &&
	    shared->used + (int)n <= shared->target->epoch) {
		shared->used += (int)n;
		return shared;
	}
	if (!call.settings.full) {
		epoch_close(shared);
		shared = NULL;
	}
	if (call.verbose)
		warnx("%s: drawing inputs, checking the baseline", op->name);
	epoch = epoch_open(call.settings.target, op, type,
	    settings_set(&call.settings), call.settings.full,
	    call.settings.workers, call.settings.jobs, is_op, e);
	if (epoch != NULL)
		epoch->used = (int)n;
	if (!call.settings.full)
		shared = epoch;
	return epoch;
}

/* Evaluates, or with -r runs, a group in one epoch: 0, or -1 with the
 * reason. */
static int
try_group(struct candidate *c, size_t n, const struct ke_op *op,
    const char *type, bool *is_op, struct ke_err *e)
{
	struct epoch *epoch = get_epoch(op, type, n, is_op, e);
	int status = -1;

	for (size_t i = 0; i < n; i++)
		c[i].eval = cJSON_CreateObject();
	if (epoch != NULL)
		status = call.mode == RUN ? evaluate_run(epoch,
		    &call.settings, c->rec, (size_t)call.executions, c->eval,
		    e) : evaluate(epoch, &call.settings, c, n, e);
	if (epoch != NULL && epoch->down.status != KE_PASS) {
		warnx("%s: %s", op->name, epoch->down.detail);
		if (epoch == shared)
			shared = NULL;
	}
	if (epoch != shared)
		epoch_close(epoch);
	for (size_t i = 0; i < n; i++)
		if (status == 0)
			ke_json_set(c[i].rec, "eval", c[i].eval);
		else
			cJSON_Delete(c[i].eval);
	return status;
}

/* Those of a group whose evaluation was lost, to its front. */
static size_t
find_lost(struct candidate *c, size_t n)
{
	size_t lost = 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(ke_json_string(c[i].eval, "status"),
		    ke_status_name(KE_LOST)) == 0)
			c[lost++] = c[i];
	return lost;
}

/* Evaluates those lost one by one, until it is plain that it is not one of
 * them: once two in a row are lost.  How many still are, at the front. */
static size_t
one_by_one(struct candidate *c, size_t n, const struct ke_op *op,
    const char *type)
{
	size_t lost = 0, in_a_row = 0;
	struct ke_err e;
	bool is_op;

	for (size_t i = 0; i < n; i++) {
		bool is = in_a_row >= 2 || try_group(&c[i], 1, op, type,
		    &is_op, &e) == -1 || find_lost(&c[i], 1) == 1;

		in_a_row = is ? in_a_row + 1 : 0;
		if (is)
			c[lost++] = c[i];
	}
	return lost;
}

int
chance_evaluate(struct candidate *all, size_t n, const struct ke_op *op,
    const char *type, bool *is_op, struct ke_err *e)
{
	static bool is_quarantined;
	struct candidate c[GROUP_MAX];
	struct ke_err first = {{0}};
	bool is_evaluated = false;
	int chances = is_quarantined ? 1 : 2, status;

	memcpy(c, all, n * sizeof(*c));
	do {
		status = try_group(c, n, op, type, is_op, e);
		is_evaluated = is_evaluated || status == 0;
		if (status == 0)
			n = find_lost(c, n);
		else if (*is_op && call.settings.target != &target_cpu)
			first = *e;
		else
			break;
	} while (--chances > 0 && n > 0);
	if (!is_evaluated)
		return -1;
	if (*first.msg != '\0')
		warnx("%s", first.msg);
	if (n > 1 && !is_quarantined)
		n = one_by_one(c, n, op, type);
	is_quarantined = n > 0;
	for (size_t i = 0; i < n; i++)
		ke_json_set_string(ke_json_object(c[i].rec, "eval"), "status",
		    ke_status_name(KE_QUARANTINED));
	return 0;
}

void
chance_end(void)
{
	epoch_close(shared);
}
