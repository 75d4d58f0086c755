/* The plan of a candidate, ke-plan(5), read and checked. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "plan_load.h"

/* What a plan may hold, and of which type of JSON. */
static const struct {
	const char *name;
	int type;
} members[] = {
	{"tune", cJSON_Object}, {"choice", cJSON_Object | cJSON_Array},
	{"require", cJSON_Array}, {"constants", cJSON_Array},
	{"workspace", cJSON_Object}, {"domain", cJSON_Array},
	{"flags", cJSON_Array}, {"launches", cJSON_Array},
	{"maps", cJSON_Object},
};

/* The text behind "ke-plan" at the start of the next block comment (in Python:
 * string of three quotes) that has it, or NULL.  s must not begin with blanks:
 * they are looked back over. */
static const char *
find_plan(const char *s)
{
	for (; (s = strstr(s, "ke-plan")) != NULL; s += 7) {
		const char *p = s;

		if (strchr(" \t\r\n{", s[7]) == NULL || s[7] == '\0')
			continue;
		while (isspace((unsigned char)p[-1]))
			p--;
		if ((p[-1] == '*' && p[-2] == '/') ||
		    (p[-1] == '"' && p[-2] == '"' && p[-3] == '"'))
			return s + 7;
	}
	return NULL;
}

/* The plan's value, which is source[*from] to [*from + *n). */
static cJSON *
extract(const char *source, size_t *from, size_t *n, struct ke_err *e)
{
	struct ke_buf padded = {0};
	const char *at, *second;
	cJSON *json = NULL;
	struct ke_err why;
	size_t used;

	ke_buf_str(&padded, ";;;"); /* something to look back at */
	ke_buf_str(&padded, source);
	at = find_plan(padded.s);
	if (at == NULL) {
		ke_fail(e, "no ke-plan comment");
		goto out;
	}
	json = ke_json_parse_prefix(at, strlen(at), &used, &why);
	if (json == NULL) {
		size_t line = 1;

		for (const char *p = padded.s; p < at + used; p++)
			line += *p == '\n';
		/* a column in the value is none in the file */
		ke_fail(e, "ke-plan: line %zu: %s", line,
		    strchr(why.msg, ':') + 2);
		goto out;
	}
	*from = (size_t)(at - padded.s) - 3;
	*n = used;
	second = find_plan(at + used);
	if (second == NULL && cJSON_IsObject(json))
		goto out;
	ke_fail(e, second != NULL ? "a second ke-plan"
	    : "ke-plan: not an object");
	cJSON_Delete(json);
	json = NULL;
out:
	ke_buf_free(&padded);
	return json;
}

int
ke_plan_place(const char *source, size_t *at, size_t *n, struct ke_err *e)
{
	cJSON *json = extract(source, at, n, e);

	cJSON_Delete(json);
	return json == NULL ? -1 : 0;
}

static int
check_members(const cJSON *json, struct ke_err *e)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, json) {
		size_t i = 0;

		while (i < KE_LEN(members) &&
		    strcmp(members[i].name, v->string) != 0)
			i++;
		if (i == KE_LEN(members))
			return ke_fail(e, "%s: unknown member", v->string);
		if ((v->type & members[i].type) == 0)
			return ke_fail(e, "%s: wrong type", v->string);
	}
	return 0;
}

static int
load_tune(struct ke_plan *p, struct ke_err *e)
{
	const cJSON *t, *v;

	cJSON_ArrayForEach(t, ke_json_get(p->json, "tune")) {
		struct ke_tune *to = &p->tune[p->n_tune];
		int n = cJSON_GetArraySize(t);
		int64_t *values;

		if (p->n_tune == KE_TUNE_MAX)
			return ke_fail(e, "tune: more than %d", KE_TUNE_MAX);
		if (!ke_is_name(t->string) || !cJSON_IsArray(t) || n == 0)
			return ke_fail(e, "tune.%s: not a name with a "
			    "non-empty array", t->string);
		if (n > KE_VALUES_MAX)
			return ke_fail(e, "tune.%s: more than %d values",
			    t->string, KE_VALUES_MAX);
		values = ke_calloc((size_t)n, sizeof(*values));
		to->name = t->string;
		to->values = values;
		p->n_tune++;
		cJSON_ArrayForEach(v, t)
			if (!ke_json_integer(v, &values[to->n++]))
				return ke_fail(e, "tune.%s: not whole numbers",
				    t->string);
	}
	return 0;
}

static int
load_workspaces(struct ke_plan *p, const struct ke_scope *s, struct ke_err *e)
{
	const cJSON *w;
	cJSON *v;

	cJSON_ArrayForEach(w, ke_json_get(p->json, "workspace")) {
		const char *dtype = ke_json_string(w, "dtype");
		size_t k = p->n_workspaces;

		if (k == KE_WORKSPACES_MAX)
			return ke_fail(e, "workspace: more than %d",
			    KE_WORKSPACES_MAX);
		p->workspaces[k].name = w->string;
		p->workspaces[k].dtype = dtype == NULL ? KE_DTYPE_COUNT
		    : ke_dtype_find(dtype);
		if (!ke_is_name(w->string) ||
		    p->workspaces[k].dtype == KE_DTYPE_COUNT)
			return ke_fail(e, "workspace.%s: needs a name, dtype "
			    "and shape", w->string);
		cJSON_ArrayForEach(v, ke_json_array(w, "shape")) {
			const char *expr = ke_json_expression(v);

			if (p->workspaces[k].rank == KE_RANK_MAX ||
			    expr == NULL)
				return ke_fail(e, "workspace.%s: shape: not "
				    "expressions", w->string);
			if (ke_expr_check(expr, s, e) == -1)
				return -1;
			p->workspaces[k].shape[p->workspaces[k].rank++] = expr;
		}
		if (p->workspaces[k].rank == 0)
			return ke_fail(e, "workspace.%s: shape: empty",
			    w->string);
		p->n_workspaces++;
	}
	return 0;
}

/* One name space; adds the tunables to scope. */
static int
check_names(const struct ke_plan *p, const struct ke_op *op,
    struct ke_scope *s, struct ke_err *e)
{
	const cJSON *w;

	for (size_t i = 0; i < p->n_tune; i++) {
		if (ke_scope_find(s, p->tune[i].name,
		    strlen(p->tune[i].name)) != NULL ||
		    ke_op_tensor(op, p->tune[i].name) != -1)
			return ke_fail(e, "tune.%s: the name is taken",
			    p->tune[i].name);
		ke_scope_add(s, p->tune[i].name, p->tune[i].values[0]);
	}
	cJSON_ArrayForEach(w, ke_json_get(p->json, "workspace"))
		if (ke_scope_find(s, w->string, strlen(w->string)) != NULL ||
		    ke_op_tensor(op, w->string) != -1)
			return ke_fail(e, "workspace.%s: the name is taken",
			    w->string);
	cJSON_ArrayForEach(w, ke_json_get(p->json, "maps"))
		if (ke_scope_find(s, w->string, strlen(w->string)) != NULL ||
		    ke_op_tensor(op, w->string) != -1 || ke_json_get(
		    ke_json_get(p->json, "workspace"), w->string) != NULL)
			return ke_fail(e, "maps.%s: the name is taken",
			    w->string);
	return 0;
}

static int
check_expressions(const cJSON *all, const char *what,
    const struct ke_scope *s, struct ke_err *e)
{
	cJSON *v;
	struct ke_err why;

	cJSON_ArrayForEach(v, all) {
		if (ke_json_expression(v) == NULL)
			return ke_fail(e, "%s: not expressions", what);
		if (ke_expr_check(v->valuestring, s, &why) == -1)
			return ke_fail(e, "%s: %s", what, why.msg);
	}
	return 0;
}

/* One row of choices, or the object, which has no `when` and no scope. */
static int
check_row(const struct ke_plan *p, const cJSON *row,
    const struct ke_scope *s, struct ke_err *e)
{
	cJSON *v;

	cJSON_ArrayForEach(v, row) {
		int64_t value;
		int t = ke_plan_tune(p, v->string);
		size_t i = 0;

		if (s != NULL && strcmp(v->string, "when") == 0) {
			if (ke_json_expression(v) == NULL)
				return ke_fail(e, "when: not an expression");
			if (ke_expr_check(v->valuestring, s, e) == -1)
				return -1;
			continue;
		}
		if (t == -1)
			return ke_fail(e, "%s: no such tunable", v->string);
		if (!ke_json_integer(v, &value))
			return ke_fail(e, "%s: not a whole number", v->string);
		while (i < p->tune[t].n && p->tune[t].values[i] != value)
			i++;
		if (i == p->tune[t].n)
			return ke_fail(e, "%s: %lld is not among its values",
			    v->string, (long long)value);
	}
	return 0;
}

static int
check_choice(const struct ke_plan *p, const struct ke_scope *s,
    struct ke_err *e)
{
	const cJSON *row;
	struct ke_err why;

	if (cJSON_IsObject(p->choice) &&
	    check_row(p, p->choice, NULL, &why) == -1)
		return ke_fail(e, "choice: %s", why.msg);
	if (!cJSON_IsArray(p->choice))
		return 0;
	cJSON_ArrayForEach(row, p->choice)
		if (!cJSON_IsObject(row) ||
		    check_row(p, row, s, &why) == -1)
			return ke_fail(e, "choice: %s",
			    cJSON_IsObject(row) ? why.msg : "not objects");
	return 0;
}

/* What may not depend on the tunables. */
static int
check_words(const struct ke_plan *p, const struct ke_op *op, struct ke_err *e)
{
	struct ke_scope s = {0};
	const cJSON *v;

	ke_op_names(op, &s);
	cJSON_ArrayForEach(v, p->constants)
		if (!cJSON_IsString(v) || ke_scope_find(&s, v->valuestring,
		    strlen(v->valuestring)) == NULL)
			return ke_fail(e, "constants: not a dimension: %s",
			    cJSON_IsString(v) ? v->valuestring : "?");
	if (cJSON_GetArraySize(p->flags) > KE_FLAGS_MAX)
		return ke_fail(e, "flags: more than %d", KE_FLAGS_MAX);
	cJSON_ArrayForEach(v, p->flags)
		if (!cJSON_IsString(v) ||
		    !plan_flag_is_allowed(p, v->valuestring))
			return ke_fail(e, "flags: not allowed: %s",
			    cJSON_IsString(v) ? v->valuestring : "?");
	if (check_expressions(p->domain, "domain", &s, e) == -1)
		return -1;
	return check_choice(p, &s, e);
}

static int
load(struct ke_plan *p, const struct ke_op *op, struct ke_err *e)
{
	struct ke_scope s = {0};

	ke_op_names(op, &s);
	if (check_members(p->json, e) == -1 || load_tune(p, e) == -1 ||
	    check_names(p, op, &s, e) == -1 ||
	    load_workspaces(p, &s, e) == -1 ||
	    plan_load_maps(p, op, &s, e) == -1 ||
	    plan_load_launches(p, op, &s, e) == -1)
		return -1;
	p->require = ke_json_array(p->json, "require");
	p->constants = ke_json_array(p->json, "constants");
	p->domain = ke_json_array(p->json, "domain");
	p->flags = ke_json_array(p->json, "flags");
	p->choice = ke_json_get(p->json, "choice");
	if (check_expressions(p->require, "require", &s, e) == -1)
		return -1;
	return check_words(p, op, e);
}

struct ke_plan *
ke_plan_parse(const char *source, const struct ke_op *op, struct ke_err *e)
{
	struct ke_plan *p = ke_calloc(1, sizeof(*p));
	struct ke_err why;
	size_t at, n;

	p->json = extract(source, &at, &n, e);
	if (p->json != NULL && load(p, op, &why) == 0)
		return p;
	if (p->json != NULL)
		ke_fail(e, "ke-plan: %s", why.msg);
	ke_plan_free(p);
	return NULL;
}

void
ke_plan_free(struct ke_plan *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_tune; i++)
		free((void *)(uintptr_t)p->tune[i].values);
	cJSON_Delete(p->json);
	free(p);
}

int
ke_plan_tune(const struct ke_plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_tune; i++)
		if (strcmp(p->tune[i].name, name) == 0)
			return (int)i;
	return -1;
}

int
ke_plan_check_choice(const struct ke_plan *p, const cJSON *choice,
    struct ke_err *e)
{
	struct ke_err why;

	if (check_row(p, choice, NULL, &why) == -1)
		return ke_fail(e, "choice: %s", why.msg);
	return 0;
}
