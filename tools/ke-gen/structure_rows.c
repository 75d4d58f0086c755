/* Choices that follow the case: rows with when, ke-plan(5). */
#include <stdlib.h>
#include <string.h>

#include "structure_move.h"

#define BEST 4 /* choices that a second row is drawn from */
#define CASES 64 /* timed ones that are told apart */

/* The timed cases in which dimension d is at least what it is in case i, a bit
 * each. */
static uint64_t
cases_from(const struct variant *v, size_t d, size_t i)
{
	const struct ke_op *op = v->from->op;
	uint64_t bits = 0;
	size_t timed = 0;

	for (size_t k = 0; k < op->n_cases && timed < CASES; k++)
		if (strcmp(op->cases[k].set, v->from->language->set) == 0)
			bits |= (uint64_t)(op->cases[k].dims[d] >=
			    op->cases[i].dims[d]) << timed++;
	return bits;
}

static bool
is_among(const uint64_t *all, size_t n, uint64_t bits)
{
	for (size_t i = 0; i < n; i++)
		if (all[i] == bits)
			return true;
	return false;
}

/* An expression that holds for some of the timed cases and not for the others:
 * a dimension is at least a value that it has in one of them.  Of those that
 * part the cases alike it is the first one. */
static bool
draw_when(const struct variant *v, struct ke_buf *when)
{
	const struct ke_op *op = v->from->op;
	uint64_t known[CASES], all = 0;
	size_t n = 0;

	for (size_t i = 0; i < op->n_cases; i++)
		if (strcmp(op->cases[i].set, v->from->language->set) == 0)
			for (size_t d = 0; d < op->n_dims; d++)
				all |= cases_from(v, d, i);
	for (size_t d = 0; d < op->n_dims; d++)
		for (size_t i = 0; i < op->n_cases && n < CASES; i++) {
			uint64_t bits = cases_from(v, d, i);

			if (strcmp(op->cases[i].set,
			    v->from->language->set) != 0 || bits == all ||
			    is_among(known, n, bits) ||
			    is_among(known, n, all & ~bits))
				continue;
			known[n++] = bits;
			if (rng_below(v->rng, n) != 0)
				continue;
			when->n = 0;
			ke_buf_fmt(when, "%s >= %lld", op->dims[d].name,
			    (long long)op->cases[i].dims[d]);
		}
	return n > 0;
}

/* A row with every tunable's value. */
static cJSON *
row_of(const struct ke_plan *plan, const cJSON *choice, const char *when)
{
	cJSON *row = cJSON_CreateObject();

	if (when != NULL)
		ke_json_set_string(row, "when", when);
	for (size_t t = 0; t < plan->n_tune; t++)
		ke_json_set_number(row, plan->tune[t].name, (double)
		    structure_value(plan, choice, plan->tune[t].name));
	return row;
}

/* One of the best choices of the same tunables, other than the variant's;
 * NULL where there is none. */
static cJSON *
draw_best(const struct variant *v)
{
	const struct family *f = v->from->family;
	struct point own = space_point(v->from, v->choice);
	const struct observed *best[BEST];
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct observed *o = &f->all[i];
		size_t k = n;

		if (o->outcome != PASSED || space_same(v->from, &o->p, &own))
			continue;
		while (k > 0 && best[k - 1]->y < o->y)
			k--;
		if (k == BEST)
			continue;
		n += n < BEST;
		memmove(best + k + 1, best + k,
		    (n - k - 1) * sizeof(best[0]));
		best[k] = o;
	}
	return n == 0 ? NULL
	    : space_choice(v->from, &best[rng_below(v->rng, n)]->p);
}

/* A tunable of more than one value, and one that it doesn't have; NULL where
 * there is none. */
static const struct ke_tune *
draw_value(const struct variant *v, int64_t old, const struct ke_tune *t,
    int64_t *value)
{
	size_t at = rng_below(v->rng, t->n);

	for (size_t i = 0; i < t->n; i++) {
		*value = t->values[(at + i) % t->n];
		if (*value != old)
			return t;
	}
	return NULL;
}

/* Gives one tunable of the row another value. */
static bool
step_row(struct variant *v, cJSON *row)
{
	const struct ke_plan *plan = v->from->plan;
	const struct ke_tune *t;
	int64_t old, value;

	if (plan->n_tune == 0)
		return false;
	t = &plan->tune[rng_below(v->rng, plan->n_tune)];
	if (!ke_json_integer(ke_json_get(row, t->name), &old))
		old = t->values[0];
	if (draw_value(v, old, t, &value) == NULL)
		return false;
	ke_json_set_number(row, t->name, (double)value);
	ke_buf_fmt(&v->words, "%s %lld->%lld", t->name, (long long)old,
	    (long long)value);
	return true;
}

/* The row to stand beside the variant's own choice. */
static cJSON *
draw_other(struct variant *v, const char *when)
{
	const struct ke_plan *plan = v->from->plan;
	struct ke_err e;
	cJSON *other = NULL, *row;

	if (v->second != NULL && ke_plan_check_choice(plan, v->second_choice,
	    &e) == 0 && rng_below(v->rng, 2) == 0) {
		ke_buf_str(&v->words, "the second parent's");
		return row_of(plan, v->second_choice, when);
	}
	if (rng_below(v->rng, 4) != 0)
		other = draw_best(v);
	row = row_of(plan, other == NULL ? v->choice : other, when);
	if (other != NULL) {
		ke_buf_str(&v->words, "another");
	} else if (!step_row(v, row)) {
		cJSON_Delete(row);
		row = NULL;
	}
	cJSON_Delete(other);
	return row;
}

static void
set_rows(struct variant *v, cJSON *rows)
{
	ke_json_set(v->text.json, "choice", rows);
	/* what overrode the plan's choice is in the rows now */
	cJSON_Delete(v->choice);
	v->choice = cJSON_CreateObject();
}

/* One choice becomes two. */
static bool
part(struct variant *v)
{
	const struct ke_plan *plan = v->from->plan;
	bool own_first = rng_below(v->rng, 2) == 0;
	cJSON *first, *last, *rows;
	struct ke_buf when = {0};

	if (!draw_when(v, &when))
		return false;
	ke_buf_fmt(&v->words, "where %s %s", when.s,
	    own_first ? "as it is, else " : "");
	first = own_first ? row_of(plan, v->choice, when.s)
	    : draw_other(v, when.s);
	last = own_first ? draw_other(v, NULL) : row_of(plan, v->choice, NULL);
	ke_buf_free(&when);
	if (first == NULL || last == NULL) {
		cJSON_Delete(first);
		cJSON_Delete(last);
		return false;
	}
	rows = cJSON_CreateArray();
	cJSON_AddItemToArray(rows, first);
	cJSON_AddItemToArray(rows, last);
	set_rows(v, rows);
	return true;
}

/* The plan's rows, with what overrides them written in. */
static cJSON *
baked(const struct variant *v)
{
	cJSON *rows = cJSON_Duplicate(ke_json_get(v->text.json, "choice"), 1);
	cJSON *row;
	const cJSON *value;

	cJSON_ArrayForEach(row, rows)
		cJSON_ArrayForEach(value, v->choice)
			ke_json_set(row, value->string,
			    cJSON_Duplicate(value, 1));
	return rows;
}

/* One row changes, or goes. */
static bool
change(struct variant *v)
{
	cJSON *rows = baked(v);
	int n = cJSON_GetArraySize(rows);
	int at = n == 0 ? 0 : (int)rng_below(v->rng, (size_t)n);
	cJSON *row = cJSON_GetArrayItem(rows, at);
	bool good = row != NULL;

	if (good && n > 1 && rng_below(v->rng, 4) == 0) {
		ke_buf_fmt(&v->words, "without row %d of %d", at + 1, n);
		cJSON_DeleteItemFromArray(rows, at);
		row = cJSON_GetArrayItem(rows, n - 2);
		/* the last one is for all cases that are left */
		cJSON_DeleteItemFromObjectCaseSensitive(row, "when");
	} else if (good) {
		ke_buf_fmt(&v->words, "row %d of %d: ", at + 1, n);
		good = step_row(v, row);
	}
	set_rows(v, rows);
	return good;
}

bool
structure_rows(struct variant *v)
{
	return cJSON_IsArray(v->from->plan->choice) ? change(v) : part(v);
}
