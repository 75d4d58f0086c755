/* -C: every evaluation of a call is held against an earlier one. */
#include <err.h>
#include <string.h>

#include "compare.h"
#include "recheck.h"
#include "table_parts.h"

#define AGAIN 2 /* evaluations more in which a regression must be seen */

const char *
recheck_effort(const struct recheck *r, const cJSON *rec,
    const struct ke_op *op, const char *dtype, const char *set)
{
	const char *by;
	const struct earlier_result *old = earlier_find(&r->earlier, rec, op,
	    dtype, set, &by);

	return old == NULL ? NULL
	    : ke_json_string(ke_json_object(old->rec, "eval"), "effort");
}

/* The comparison.  What is slower is evaluated again: it must be so each time,
 * since what else runs on the machine makes a kernel slow now and then, and
 * never fast. */
static int
settle(const struct earlier_result *old, const struct recheck_of *of,
    cJSON **compared, enum compare_change *change)
{
	for (int i = 0;; i++) {
		int status;

		*compared = compare(old->rec, of->rec, change);
		if (i == AGAIN || !compare_is_doubtful(*compared, of->rec))
			return 0;
		cJSON_Delete(*compared);
		*compared = NULL;
		status = of->again(of->rec, of->op, of->dtype, of->where);
		if (status != 0)
			return status;
	}
}

/* A regression on one line, with what failed where it did. */
static void
complain(const struct recheck_of *of, const cJSON *compared)
{
	const char *detail = ke_json_string(ke_json_object(of->rec, "eval"),
	    "detail");
	struct ke_buf b = {0};

	compare_words(compared, &b);
	if (detail != NULL)
		ke_buf_fmt(&b, ": %.200s", detail);
	part_plain(b.s);
	for (char *s = b.s; (s = strchr(s, '\n')) != NULL;)
		*s = ' ';
	warnx("%s: regression: %s", of->name, b.s);
	ke_buf_free(&b);
}

int
recheck_hold(struct recheck *r, const struct recheck_of *of)
{
	enum compare_change change = COMPARE_INCOMPARABLE;
	struct ke_buf b = {0};
	const char *by;
	cJSON *compared;
	const struct earlier_result *old = earlier_find(&r->earlier, of->rec,
	    of->op, of->dtype, of->set, &by);
	int status;

	if (old == NULL) {
		warnx("%s: %s has no result of it", of->name,
		    r->earlier.path);
		ke_json_set(ke_json_object(of->rec, "eval"), "compared",
		    compare_nothing("no earlier result"));
		return 0;
	}
	status = settle(old, of, &compared, &change);
	if (status != 0)
		return status;
	ke_buf_fmt(&b, "%s:%zu", r->earlier.path, old->line);
	ke_json_set_string(compared, "with", b.s);
	ke_json_set_string(compared, "by", by);
	ke_json_set(ke_json_object(of->rec, "eval"), "compared", compared);
	if (change == COMPARE_REGRESSION) {
		complain(of, compared);
		r->regressed = true;
	}
	ke_buf_free(&b);
	return 0;
}
