/* The first parent's code with what the second one's plan says of tunables and
 * flags that both have. */
#include <string.h>

#include "structure_move.h"

static bool
allows(const cJSON *values, int64_t value)
{
	const cJSON *v;
	int64_t one;

	cJSON_ArrayForEach(v, values)
		if (ke_json_integer(v, &one) && one == value)
			return true;
	return false;
}

/* The values of a tunable and one more, before the first larger one.
 * (Inserting into an array fails in some releases of cJSON.) */
static cJSON *
with_value(const cJSON *values, int64_t value)
{
	cJSON *all = cJSON_CreateArray();
	bool added = false;
	const cJSON *v;
	int64_t one;

	cJSON_ArrayForEach(v, values) {
		if (!added && ke_json_integer(v, &one) && one > value) {
			cJSON_AddItemToArray(all,
			    cJSON_CreateNumber((double)value));
			added = true;
		}
		cJSON_AddItemToArray(all, cJSON_Duplicate(v, 1));
	}
	if (!added)
		cJSON_AddItemToArray(all, cJSON_CreateNumber((double)value));
	return all;
}

static bool
cross_tunable(struct variant *v, const char *name)
{
	int64_t own = structure_value(v->from->plan, v->choice, name);
	int64_t other = structure_value(v->second, v->second_choice, name);
	cJSON *tune = ke_json_object(v->text.json, "tune");

	if (own == other)
		return false;
	if (!allows(ke_json_get(tune, name), other))
		ke_json_set(tune, name,
		    with_value(ke_json_get(tune, name), other));
	ke_json_set_number(v->choice, name, (double)other);
	ke_buf_fmt(&v->words, "%s%s %lld->%lld", v->words.n > 0 ? ", " : "",
	    name, (long long)own, (long long)other);
	return true;
}

static bool
cross_flags(struct variant *v)
{
	const cJSON *own = v->from->plan->flags, *other = v->second->flags;

	if (cJSON_GetArraySize(own) == 0 && cJSON_GetArraySize(other) == 0)
		return false;
	if (own != NULL && other != NULL && cJSON_Compare(own, other, 1))
		return false;
	ke_json_set(v->text.json, "flags", other == NULL
	    ? cJSON_CreateArray() : cJSON_Duplicate(other, 1));
	ke_buf_fmt(&v->words, "%sflags", v->words.n > 0 ? ", " : "");
	return true;
}

bool
structure_cross(struct variant *v)
{
	const struct ke_plan *plan = v->from->plan;
	bool changed = false;

	if (v->second == NULL)
		return false;
	for (size_t t = 0; t < plan->n_tune; t++)
		if (ke_plan_tune(v->second, plan->tune[t].name) != -1 &&
		    rng_below(v->rng, 2) == 0)
			changed |= cross_tunable(v, plan->tune[t].name);
	if (rng_below(v->rng, 2) == 0)
		changed |= cross_flags(v);
	if (changed)
		ke_buf_str(&v->words, " of the second parent");
	return changed;
}
