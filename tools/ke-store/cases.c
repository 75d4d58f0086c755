/* What an evaluation says of each case. */
#include <stdlib.h>

#include "cases.h"

static struct value
number(const cJSON *o, const char *name)
{
	const cJSON *v = ke_json_get(o, name);

	return cJSON_IsNumber(v) ? v_real(v->valuedouble) : v_text(NULL);
}

static void
put_case(struct store *st, int64_t eval, int64_t place, const cJSON *c)
{
	const cJSON *dims = ke_json_object(c, "dims"),
	    *speedup = ke_json_object(c, "speedup");
	char *text = dims == NULL ? NULL : ke_json_print(dims);

	sql_do(st, SQL(st, "INSERT INTO cases(eval, place, series, dims, "
	    "status, weight, t_us, t_lo_us, t_hi_us, baseline_us, speedup, "
	    "speedup_lo, speedup_hi) "
	    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", v_int(eval),
	    v_int(place), v_text(ke_json_string(c, "set")), v_text(text),
	    v_text(ke_json_string(c, "status")), number(c, "weight"),
	    number(c, "t_us"), number(c, "t_lo_us"), number(c, "t_hi_us"),
	    number(c, "baseline_us"), number(speedup, "mid"),
	    number(speedup, "lo"), number(speedup, "hi")));
	free(text);
}

void
cases_put(struct store *st, int64_t eval, const cJSON *cases)
{
	int64_t place = 0;
	const cJSON *c;

	cJSON_ArrayForEach(c, cases)
		put_case(st, eval, place++, c);
}
