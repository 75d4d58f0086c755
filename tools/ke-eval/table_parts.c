/* What the tables are made of. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantity.h"
#include "table_parts.h"

const char *
part_text(const cJSON *o, const char *name)
{
	const char *s = ke_json_string(o, name);

	return s == NULL ? "" : s;
}

void
part_plain(char *s)
{
	for (; *s != '\0'; s++) {
		/* C1 controls are two bytes of UTF-8 */
		if ((unsigned char)*s == 0xc2 && (s[1] & 0xe0) == 0x80) {
			*s = '?';
			s[1] = '?';
		}
		if ((unsigned char)*s < ' ' && *s != '\n')
			*s = *s == '\t' ? ' ' : '?';
		if (*s == 0x7f)
			*s = '?';
	}
}

bool
part_interval(const cJSON *o, const char *name, struct part_interval *i)
{
	const cJSON *v = ke_json_object(o, name);

	i->mid = ke_json_number(v, "mid", NAN);
	i->lo = ke_json_number(v, "lo", NAN);
	i->hi = ke_json_number(v, "hi", NAN);
	return i->lo > 0 && isfinite(i->hi) && i->lo <= i->mid &&
	    i->mid <= i->hi;
}

char *
part_bounds(const struct part_interval *i)
{
	struct ke_buf b = {0};
	char lo[QUANTITY], hi[QUANTITY];

	quantity_ratio(i->lo, lo);
	quantity_ratio(i->hi, hi);
	ke_buf_fmt(&b, "[%s, %s]", lo, hi);
	return b.s;
}

char *
part_dims(const cJSON *dims)
{
	struct ke_buf b = {0};
	const cJSON *d;

	ke_buf_str(&b, "");
	cJSON_ArrayForEach(d, dims) {
		ke_buf_fmt(&b, "%s%s=", b.n > 0 ? " " : "", d->string);
		/* integers beyond 2^53 are strings */
		if (cJSON_IsString(d))
			ke_buf_str(&b, d->valuestring);
		else
			ke_buf_fmt(&b, "%.0f", d->valuedouble);
	}
	part_plain(b.s);
	return b.s;
}

void
part_faster(struct ke_buf *b, const struct part_interval *i, const char *than,
    const char *change)
{
	struct part_interval s = *i;
	bool slower = s.hi < 1;
	char mid[QUANTITY], *bounds;

	if (strcmp(change, "same") == 0 || (s.lo <= 1 && s.hi >= 1)) {
		bounds = part_bounds(&s);
		quantity_ratio(s.mid, mid);
		ke_buf_fmt(b, "as fast as %s, within the noise: %s times, "
		    "95 %% within %s", than, mid, bounds);
		free(bounds);
		return;
	}
	if (slower)
		s = (struct part_interval){1 / s.mid, 1 / s.hi, 1 / s.lo};
	bounds = part_bounds(&s);
	quantity_ratio(s.mid, mid);
	ke_buf_fmt(b, "%s times %s than %s, 95 %% within %s", mid,
	    slower ? "slower" : "faster", than, bounds);
	free(bounds);
}
