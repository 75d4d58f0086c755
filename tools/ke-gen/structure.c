/* New texts made of old ones: which move, and whether its outcome is worth
 * proposing. */
#include <stdlib.h>
#include <string.h>

#include "structure.h"
#include "structure_move.h"

#define TRIES 64 /* moves that come to nothing new, before it is given up */

/* A constant costs a compilation per case, so it is tried less often. */
static const struct {
	bool (*make)(struct variant *);
	size_t lots;
} moves[] = {
	{structure_flags, 3},
	{structure_rows, 3},
	{structure_cross, 2},
	{structure_bounds, 2},
	{structure_constants, 1},
};

int64_t
structure_value(const struct ke_plan *plan, const cJSON *choice,
    const char *name)
{
	cJSON *defaults = ke_plan_default(plan);
	int64_t value = 0;

	if (!ke_json_integer(ke_json_get(choice, name), &value))
		ke_json_integer(ke_json_get(defaults, name), &value);
	cJSON_Delete(defaults);
	return value;
}

void
structure_splice(struct variant *v, size_t at, size_t n, const char *with)
{
	struct ke_buf b = {0};

	ke_buf_add(&b, v->text.after, at);
	ke_buf_str(&b, with);
	ke_buf_str(&b, v->text.after + at + n);
	free(v->text.after);
	v->text.after = b.s;
}

size_t
structure_code(const struct variant *v)
{
	/* the plan's comment ends there, or the plan would not have parsed */
	const char *end = strstr(v->text.after, "*/");

	return end == NULL ? strlen(v->text.after)
	    : (size_t)(end + 2 - v->text.after);
}

bool
structure_crosses(const struct space *parent, const cJSON *context)
{
	const char *source = ke_json_string(
	    ke_json_object(context, "parent2"), "source");

	return source != NULL && strcmp(source, parent->source) != 0;
}

static size_t
draw_move(struct rng *r)
{
	size_t all = 0, at, i = 0;

	for (size_t k = 0; k < KE_LEN(moves); k++)
		all += moves[k].lots;
	for (at = rng_below(r, all); at >= moves[i].lots; i++)
		at -= moves[i].lots;
	return i;
}

/* Is the point worth an evaluation? */
static bool
is_new(struct space *s, const struct point *p)
{
	return !space_is_known(s, p) && space_valid(s, p) && !space_failed(s);
}

/* The variant as a point of a space. */
static bool
settle(struct run *run, struct variant *v, struct structured *out)
{
	char *source = plan_text_join(&v->text);
	struct space *s;
	struct ke_err e;
	bool good;

	s = history_form(run, source, &e);
	free(source);
	if (s == NULL)
		return false;
	out->point = space_point(s, v->choice);
	good = is_new(s, &out->point);
	if (good) {
		history_keep(run, s);
		out->space = s;
	} else if (!history_keeps(run, s)) {
		space_free(s);
	}
	return good;
}

static bool
try_one(struct run *run, struct variant v, size_t move,
    struct structured *out)
{
	bool good = plan_text_split(v.from->source, &v.text);

	if (!good)
		return false;
	v.choice = cJSON_Duplicate(v.choice, 1);
	good = moves[move].make(&v) && settle(run, &v, out);
	if (good)
		out->words = v.words;
	else
		ke_buf_free(&v.words);
	plan_text_free(&v.text);
	cJSON_Delete(v.choice);
	return good;
}

bool
structure_next(struct run *run, struct space *parent, const cJSON *context,
    struct rng *rng, struct structured *out)
{
	const cJSON *first = ke_json_object(context, "parent");
	const cJSON *second = ke_json_object(context, "parent2");
	const char *source = ke_json_string(second, "source");
	cJSON *none = cJSON_CreateObject();
	cJSON *choice = ke_json_object(first, "choice");
	struct variant v = {.from = parent, .rng = rng,
	    .choice = choice == NULL ? none : choice,
	    .second_choice = ke_json_object(second, "choice")};
	struct ke_plan *plan = NULL;
	struct ke_err e;
	bool found = false;

	if (parent->plan->triton)
		goto out; /* the moves know C */
	if (source != NULL)
		plan = ke_plan_parse(source, run->op, &e);
	v.second = plan;
	for (size_t i = 0; i < TRIES && !found; i++)
		/* whoever gives two parents wants something of both */
		found = try_one(run, v, i < TRIES / 8 &&
		    structure_crosses(parent, context) ? 2 : draw_move(rng),
		    out);
out:
	ke_plan_free(plan);
	cJSON_Delete(none);
	return found;
}
