/* What runs are compared by.  The weights say how much of a kernel for the one
 * is of use for the other: the same operator most, then the device and the
 * language that it is written in, then each thing that makes two operators be
 * written alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "traits.h"

#define OP_WEIGHT 8
#define TAG_WEIGHT 2

static void
put(struct store *st, int64_t run, double weight, const char *kind,
    const char *what)
{
	struct ke_buf b = {0};

	if (what == NULL)
		return;
	ke_buf_fmt(&b, "%s:%s", kind, what);
	sql_do(st, SQL(st, "INSERT INTO traits(trait, run, weight) "
	    "VALUES(?, ?, ?) ON CONFLICT DO NOTHING", v_text(b.s), v_int(run),
	    v_real(weight)));
	ke_buf_free(&b);
}

/* Ranks of tensors, such as 3,3,1. */
static void
put_ranks(struct store *st, int64_t run, const char *kind, const cJSON *ranks)
{
	struct ke_buf b = {0};
	const cJSON *v;

	cJSON_ArrayForEach(v, ranks)
		ke_buf_fmt(&b, "%s%d", b.n > 0 ? "," : "", v->valueint);
	put(st, run, 1, kind, b.s);
	ke_buf_free(&b);
}

/* The largest case, in powers of four: one within a factor of two or so is as
 * large. */
static void
put_size(struct store *st, int64_t run, double elements)
{
	struct ke_buf b = {0};

	if (!(elements >= 1))
		return;
	ke_buf_fmt(&b, "4^%.0f", log2(elements) / 2);
	put(st, run, 1, "size", b.s);
	ke_buf_free(&b);
}

void
traits_put(struct store *st, int64_t run, const cJSON *line)
{
	const cJSON *traits = ke_json_object(line, "traits"), *v;
	const char *target = ke_json_string(line, "target");
	char *family = target == NULL ? NULL
	    : ke_strndup(target, strcspn(target, ":"));

	put(st, run, OP_WEIGHT, "op", ke_json_string(line, "op"));
	put(st, run, 2, "target", target);
	put(st, run, 2, "device", family);
	put(st, run, 2, "language", ke_json_string(line, "language"));
	put(st, run, 1, "dtype", ke_json_string(line, "dtype"));
	cJSON_ArrayForEach(v, ke_json_array(traits, "tags"))
		put(st, run, TAG_WEIGHT, "tag", cJSON_GetStringValue(v));
	put_ranks(st, run, "in", ke_json_array(traits, "in"));
	put_ranks(st, run, "out", ke_json_array(traits, "out"));
	if (ke_json_get(traits, "reduction") != NULL)
		put(st, run, 1, "reduction",
		    ke_json_true(traits, "reduction") ? "yes" : "no");
	put_size(st, run, ke_json_number(traits, "elements", 0));
	free(family);
}
