/* Earlier results and whose they are. */
#include <stdlib.h>
#include <string.h>

#include "earlier.h"
#include "plan.h"
#include "record.h"
#include "stream.h"

static int
read_line(struct earlier *o, const char *line, size_t n, size_t number,
    struct ke_err *e)
{
	struct ke_err why;
	cJSON *rec = ke_json_parse(line, n, &why);

	if (rec == NULL || ke_record_check(rec, &why) == -1) {
		cJSON_Delete(rec);
		return ke_fail(e, "%s:%zu: %s", o->path, number, why.msg);
	}
	if (ke_json_object(rec, "eval") == NULL) {
		cJSON_Delete(rec);
		return 0;
	}
	o->of = ke_grow(o->of, o->n + 1, sizeof(*o->of));
	o->of[o->n++] = (struct earlier_result){rec, number};
	return 0;
}

int
earlier_read(struct earlier *o, const char *path, struct ke_err *e)
{
	struct ke_input in;
	enum ke_read r;
	char *line;
	size_t n;
	int status = 0;

	*o = (struct earlier){.path = path};
	if (ke_input_open(&in, path, e) == -1)
		return -1;
	while (status == 0 &&
	    (r = ke_input_line(&in, &line, &n, -1, e)) != KE_READ_EOF) {
		if (r == KE_READ_LINE)
			status = read_line(o, line, n, in.line, e);
		else if (r == KE_READ_ERROR)
			status = -1;
		else if (r == KE_READ_GONE)
			break; /* nobody will read what follows either */
	}
	ke_input_close(&in);
	return status;
}

void
earlier_free(struct earlier *o)
{
	for (size_t i = 0; i < o->n; i++)
		cJSON_Delete(o->of[i].rec);
	free(o->of);
	*o = (struct earlier){0};
}

/* Says a member something else?  What is missing says nothing. */
static bool
contradicts(const char *have, const char *want)
{
	return have != NULL && strcmp(have, want) != 0;
}

/* Were other cases timed than those of the set? */
static bool
other_set(const cJSON *eval, const char *set)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, ke_json_array(eval, "cases")) {
		const char *s = ke_json_string(c, "set");

		if (s != NULL && strcmp(s, "check") != 0)
			return strcmp(s, set) != 0;
	}
	return false;
}

static bool
same_candidate(const cJSON *old, const cJSON *rec, const struct ke_op *op)
{
	const char *was = ke_json_string(old, "source");
	const char *is = ke_json_string(rec, "source");
	const char *known = ke_json_string(old, "fingerprint");
	char a[KE_FINGERPRINT], b[KE_FINGERPRINT];
	struct ke_err e;
	struct ke_plan *plan;
	cJSON *defaults;

	if (is == NULL || (was == NULL ? known == NULL : strcmp(was, is) != 0))
		return false;
	plan = ke_plan_parse(is, op, &e);
	defaults = plan == NULL ? NULL : ke_plan_default(plan);
	ke_fingerprint(is, ke_json_object(rec, "choice"), defaults, a);
	if (was != NULL)
		ke_fingerprint(was, ke_json_object(old, "choice"), defaults,
		    b);
	cJSON_Delete(defaults);
	ke_plan_free(plan);
	return strcmp(a, was != NULL ? b : known) == 0;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

enum match { NONE, BASE_NAME, NAME, FINGERPRINT };

static enum match
match(const cJSON *old, const cJSON *rec, const struct ke_op *op)
{
	const char *was = ke_json_string(old, "name");
	const char *is = ke_json_string(rec, "name");

	if (same_candidate(old, rec, op))
		return FINGERPRINT;
	if (was == NULL || is == NULL)
		return NONE;
	return strcmp(was, is) == 0 ? NAME
	    : strcmp(base_name(was), base_name(is)) == 0 ? BASE_NAME : NONE;
}

const struct earlier_result *
earlier_find(const struct earlier *o, const cJSON *rec,
    const struct ke_op *op, const char *dtype, const char *set,
    const char **by)
{
	const struct earlier_result *found = NULL;
	const char *first = ke_op_default_dtype(op);
	enum match best = BASE_NAME;

	for (size_t i = 0; i < o->n; i++) {
		const cJSON *old = o->of[i].rec;
		const char *type = ke_json_string(old, "dtype");
		enum match m;

		if (contradicts(ke_json_string(old, "op"), op->name) ||
		    contradicts(ke_json_string(old, "target"),
		    ke_json_string(rec, "target")) ||
		    contradicts(type != NULL ? type : first, dtype) ||
		    other_set(ke_json_object(old, "eval"), set))
			continue;
		m = match(old, rec, op);
		if (m < best)
			continue;
		best = m;
		found = &o->of[i];
	}
	*by = best == FINGERPRINT ? "fingerprint" : "name";
	return found;
}
