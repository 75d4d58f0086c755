/* What the compiler is told: dimensions as constants in place of arguments,
 * and how many threads and blocks there are to be. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signature.h"
#include "structure_move.h"

#define THREADS 2048 /* of a multiprocessor, at most: CUDA C++ Programming
		      * Guide, Technical Specifications */

/* An argument of a launch. */
struct place {
	size_t launch, arg;
};

static const struct ke_launch *
launch_of(const struct variant *v, struct place p)
{
	return &v->from->plan->launches[p.launch];
}

/* Is the argument a dimension, and the same one wherever the function is
 * launched? */
static bool
is_dim(const struct ke_plan *plan, size_t l, size_t i)
{
	const struct ke_launch *launch = &plan->launches[l];
	const char *name = launch->args[i].name;

	if (launch->args[i].kind != KE_ARG_SCALAR ||
	    ke_plan_tune(plan, name) != -1)
		return false;
	for (size_t k = 0; k < plan->n_launches; k++) {
		const struct ke_launch *other = &plan->launches[k];

		if (strcmp(other->kernel, launch->kernel) == 0 &&
		    strcmp(other->args[i].name, name) != 0)
			return false;
	}
	return true;
}

static bool
draw_dim(const struct variant *v, struct place *p)
{
	const struct ke_plan *plan = v->from->plan;
	size_t found = 0;

	for (size_t l = 0; l < plan->n_launches; l++)
		for (size_t i = 0; i < plan->launches[l].n_args; i++)
			if (is_dim(plan, l, i) &&
			    rng_below(v->rng, ++found) == 0)
				*p = (struct place){l, i};
	return found > 0;
}

/* The launches of a function as JSON: calls change for the args of each. */
static void
each_args(struct variant *v, const char *kernel,
    void (*change)(cJSON *args, const void *arg), const void *arg)
{
	cJSON *l;

	cJSON_ArrayForEach(l, ke_json_array(v->text.json, "launches"))
		if (strcmp(ke_json_string(l, "kernel"), kernel) == 0)
			change(ke_json_array(l, "args"), arg);
}

static void
remove_arg(cJSON *args, const void *at)
{
	cJSON_DeleteItemFromArray(args, (int)*(const size_t *)at);
}

static void
append_arg(cJSON *args, const void *name)
{
	cJSON_AddItemToArray(args, cJSON_CreateString(name));
}

static void
add_constant(struct variant *v, const char *name)
{
	cJSON *all = ke_json_array(v->text.json, "constants");
	const cJSON *c;

	if (all == NULL) {
		all = cJSON_CreateArray();
		ke_json_set(v->text.json, "constants", all);
	}
	cJSON_ArrayForEach(c, all)
		if (strcmp(c->valuestring, name) == 0)
			return;
	cJSON_AddItemToArray(all, cJSON_CreateString(name));
}

static void
drop_constant(struct variant *v, const char *name)
{
	cJSON *all = ke_json_array(v->text.json, "constants");

	for (int i = cJSON_GetArraySize(all); i-- > 0;)
		if (strcmp(cJSON_GetArrayItem(all, i)->valuestring, name) == 0)
			cJSON_DeleteItemFromArray(all, i);
}

/* Takes a parameter out of the definition, with a comma beside it. */
static void
cut_param(struct variant *v, size_t code, const struct signature *f, size_t i)
{
	size_t from = f->params[i].at, to = from + f->params[i].n;

	if (i > 0)
		from = f->params[i - 1].at + f->params[i - 1].n;
	else if (f->n > 1)
		to = f->params[1].at;
	structure_splice(v, code + from, to - from, "");
}

/* An argument becomes a constant: its parameter goes, and a variable of the
 * same name that the compiler knows the value of comes. */
static bool
fix(struct variant *v)
{
	size_t code = structure_code(v), at;
	const char *text = v->text.after + code, *dim;
	const struct ke_launch *l;
	struct ke_buf line = {0};
	struct signature f;
	struct place p = {0, 0};
	struct span name;

	if (!draw_dim(v, &p))
		return false;
	l = launch_of(v, p);
	dim = l->args[p.arg].name;
	/* blocks of C have a parameter before the arguments */
	at = p.arg + (l->n_grid > 0 && !v->from->plan->gpu);
	if (!signature_find(text, l->kernel, &f) || at >= f.n ||
	    f.n != l->n_args + at - p.arg)
		return false;
	name = signature_number(text, f.params[at]);
	if (name.n == 0)
		return false;
	ke_buf_fmt(&line, "\n\tconst %s %.*s = KE_%s;",
	    l->args[p.arg].wide ? "int64_t" : "int", (int)name.n,
	    text + name.at, dim);
	ke_buf_fmt(&v->words, "%s is a constant of %s", dim, l->kernel);
	structure_splice(v, code + f.body, 0, line.s);
	cut_param(v, code, &f, at);
	ke_buf_free(&line);
	each_args(v, l->kernel, remove_arg, &p.arg);
	add_constant(v, dim);
	return true;
}

/* Does the code name the macro? */
static bool
has_macro(const char *code, const char *dim)
{
	struct ke_buf macro = {0};
	const char *s = code;
	bool found = false;

	ke_buf_fmt(&macro, "KE_%s", dim);
	for (; !found && (s = strstr(s, macro.s)) != NULL; s += macro.n)
		found = !isalnum((unsigned char)s[macro.n]) &&
		    s[macro.n] != '_';
	ke_buf_free(&macro);
	return found;
}

/* A constant that fix made becomes an argument again. */
static bool
unfix(struct variant *v)
{
	const struct ke_plan *plan = v->from->plan;
	const struct ke_launch *l =
	    &plan->launches[rng_below(v->rng, plan->n_launches)];
	size_t code = structure_code(v);
	const char *text = v->text.after + code;
	char type[16], name[64], dim[64];
	struct ke_buf param = {0};
	struct signature f;
	int n = 0;

	if (!signature_find(text, l->kernel, &f) || sscanf(text + f.body,
	    "\n\tconst %15[a-z0-9_] %63[A-Za-z0-9_] = KE_%63[A-Za-z0-9_];%n",
	    type, name, dim, &n) != 3 || n == 0)
		return false;
	ke_buf_fmt(&v->words, "%s is an argument of %s", dim, l->kernel);
	ke_buf_fmt(&param, "%s%s %s", f.n > 0 ? ", " : "", type, name);
	structure_splice(v, code + f.body, (size_t)n, "");
	structure_splice(v, code + f.close, 0, param.s);
	ke_buf_free(&param);
	each_args(v, l->kernel, append_arg, dim);
	if (!has_macro(v->text.after + code, dim))
		drop_constant(v, dim);
	return true;
}

bool
structure_constants(struct variant *v)
{
	return rng_below(v->rng, 3) == 0 ? unfix(v) : fix(v);
}

/* The threads of a block as an expression of C, from the plan's: false where
 * that needs a dimension or a function. */
static bool
add_threads(const struct ke_plan *plan, const struct ke_launch *l,
    struct ke_buf *b)
{
	for (size_t i = 0; i < l->n_block; i++) {
		const char *s = l->block[i];

		ke_buf_fmt(b, "%s(", i > 0 ? " * " : "");
		while (*s != '\0') {
			size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz_"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
			char *word = ke_strndup(s, n == 0 ? 1 : n);
			bool name = n > 0 && !isdigit((unsigned char)*s);
			bool good = name ? ke_plan_tune(plan, word) != -1
			    : n > 0 || strchr("+-*/() ", *s) != NULL;

			ke_buf_fmt(b, "%s%s", name ? "KE_" : "", word);
			free(word);
			if (!good)
				return false;
			s += n == 0 ? 1 : n;
		}
		ke_buf_str(b, ")");
	}
	return true;
}

/* The last place of word in text[0..end), or end. */
static size_t
find_last(const char *text, size_t end, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = end >= n ? end - n + 1 : 0; i-- > 0;)
		if (memcmp(text + i, word, n) == 0)
			return i;
	return end;
}

/* How many blocks of the launch's threads a multiprocessor can hold. */
static int64_t
blocks_fit(const struct variant *v, size_t launch)
{
	const struct ke_op *op = v->from->op;
	struct ke_resolved r;
	struct ke_err e;

	for (size_t i = 0; i < op->n_cases; i++)
		if (strcmp(op->cases[i].set, v->from->language->set) == 0 &&
		    ke_plan_resolve(v->from->plan, op, &op->cases[i],
		    v->choice, &r, &e) == 0 && !r.outside)
			return THREADS / (r.block[launch][0] *
			    r.block[launch][1] * r.block[launch][2]);
	return 1;
}

/* Another least number of blocks behind the comma, or none. */
static void
set_blocks(struct variant *v, size_t launch, size_t at, size_t n, int old)
{
	static const int all[] = {0, 1, 2, 3, 4, 6, 8};
	int64_t most = blocks_fit(v, launch);
	char text[16] = "";
	int blocks;

	do
		blocks = all[rng_below(v->rng, KE_LEN(all))];
	while (blocks == old || blocks > most);
	if (blocks > 0)
		snprintf(text, sizeof(text), ", %d", blocks);
	structure_splice(v, at, n, text);
	if (blocks > 0)
		ke_buf_fmt(&v->words, "at least %d blocks", blocks);
	else
		ke_buf_str(&v->words, "any number of blocks");
}

/* The bounds that stand at [at, close): only a number of blocks is changed. */
static bool
change_bounds(struct variant *v, size_t launch, size_t at, size_t close)
{
	const char *text = v->text.after;
	size_t comma = find_last(text, close, ",");
	int old = 0, n = 0;

	if (comma == close || comma < at || memchr(text + comma, ')',
	    close - comma) != NULL) {
		set_blocks(v, launch, close, 0, 0);
		return true;
	}
	if (sscanf(text + comma, ", %d%n", &old, &n) != 1 ||
	    comma + (size_t)n != close)
		return false;
	set_blocks(v, launch, comma, close - comma, old);
	return true;
}

bool
structure_bounds(struct variant *v)
{
	static const char word[] = "__launch_bounds__", global[] = "__global__";
	const struct ke_plan *plan = v->from->plan;
	const struct ke_launch *l;
	size_t code = structure_code(v), launch, from, at, name;
	const char *text = v->text.after;
	struct ke_buf bounds = {0};
	struct signature f;
	bool good;

	if (!plan->gpu)
		return false;
	launch = rng_below(v->rng, plan->n_launches);
	l = &plan->launches[launch];
	if (!signature_find(text + code, l->kernel, &f))
		return false;
	name = code + f.name;
	from = find_last(text, name, global);
	at = find_last(text, name, word);
	if (from == name || from < code)
		return false;
	ke_buf_fmt(&v->words, "%s: ", l->kernel);
	if (at != name && at > from)
		return change_bounds(v, launch, at,
		    find_last(text, name, ")"));
	ke_buf_fmt(&bounds, " %s(", word);
	good = add_threads(plan, l, &bounds);
	ke_buf_str(&bounds, ")");
	if (good)
		structure_splice(v, from + strlen(global), 0, bounds.s);
	ke_buf_str(&v->words, "launch bounds");
	ke_buf_free(&bounds);
	return good;
}
