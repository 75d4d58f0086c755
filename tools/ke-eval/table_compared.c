/* A result beside the earlier one (-C), as a table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "compare.h"
#include "quantity.h"
#include "table_parts.h"

enum { NAME, NOW, EARLIER, RATIO, INTERVAL };

static const struct column beside[] = {
	[NAME] = {"against the earlier result", true, 0},
	[NOW] = {"now", false, 0},
	[EARLIER] = {"earlier", false, 0},
	[RATIO] = {"ratio", false, 0},
	[INTERVAL] = {"95 %", true, 1},
};

static void
add_ratio(struct columns_row *row, const cJSON *o, const char *name)
{
	struct part_interval i;
	char text[QUANTITY];

	if (!part_interval(o, name, &i))
		return;
	quantity_ratio(i.mid, text);
	row->cell[RATIO] = ke_strdup(text);
	row->cell[INTERVAL] = part_bounds(&i);
}

static void
add_time(struct columns *t, const cJSON *c)
{
	struct columns_row *row = columns_row(t);
	double was = ke_json_number(c, "t_us", NAN);
	struct part_interval i;
	char text[QUANTITY];

	row->cell[NAME] = part_dims(ke_json_object(c, "dims"));
	quantity_time(was, text);
	row->cell[EARLIER] = ke_strdup(text);
	if (part_interval(c, "time_ratio", &i)) {
		quantity_time(was * i.mid, text);
		row->cell[NOW] = ke_strdup(text);
	}
	add_ratio(row, c, "time_ratio");
}

static void
add_speedup(struct columns *t, const cJSON *eval, const cJSON *compared)
{
	struct part_interval is, was;
	struct columns_row *row;
	char text[QUANTITY];

	if (!part_interval(eval, "speedup", &is) ||
	    !part_interval(compared, "speedup", &was))
		return;
	row = columns_row(t);
	row->cell[NAME] = ke_strdup("speedup");
	quantity_ratio(is.mid, text);
	row->cell[NOW] = ke_strdup(text);
	quantity_ratio(was.mid, text);
	row->cell[EARLIER] = ke_strdup(text);
	add_ratio(row, compared, "speedup_ratio");
}

void
compared_print(struct table *t, const cJSON *eval)
{
	struct columns table = {.column = beside, .n = KE_LEN(beside)};
	const cJSON *compared = ke_json_object(eval, "compared"), *c;
	struct ke_buf b = {0};
	bool worse;

	if (compared == NULL)
		return;
	cJSON_ArrayForEach(c, ke_json_array(compared, "cases"))
		if (ke_json_get(c, "t_us") != NULL)
			add_time(&table, c);
	add_speedup(&table, eval, compared);
	if (table.n_rows > 0)
		columns_print(t->f, &table, t->width);
	worse = strcmp(part_text(compared, "change"), "regression") == 0;
	ke_buf_fmt(&b, "%s: ", part_text(compared, "change"));
	compare_words(compared, &b);
	fputs(t->colour && worse ? "\033[31m" : "", t->f);
	columns_wrap(t->f, b.s, 2, t->width);
	fputs(t->colour && worse ? "\033[0m" : "", t->f);
	ke_buf_free(&b);
}
