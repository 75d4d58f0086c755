/* JSON as text.  cJSON's own printer rounds numbers until it calls them equal:
 * 2^53 - 1 would become 9.00719925474099e+15, and a record that goes through
 * six tools would not stay what it was. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static void
add_string(struct ke_buf *b, const char *s)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	char escape[2] = {'\\'};
	const char *known;

	ke_buf_str(b, "\"");
	while (*s != '\0') {
		size_t n = 0;

		while (s[n] != '"' && s[n] != '\\' &&
		    (unsigned char)s[n] >= 0x20)
			n++;
		ke_buf_add(b, s, n);
		s += n;
		if (*s == '\0')
			break;
		known = strchr(plain, *s);
		if (known != NULL) {
			escape[1] = letters[known - plain];
			ke_buf_add(b, escape, sizeof(escape));
		} else
			ke_buf_fmt(b, "\\u%04x", (unsigned)(unsigned char)*s);
		s++;
	}
	ke_buf_str(b, "\"");
}

static void
add_number(struct ke_buf *b, double x)
{
	char text[32];
	bool exact = fabs(x) <= KE_JSON_EXACT;

	if (!isfinite(x)) {
		ke_buf_str(b, "null");
		return;
	}
	if (exact && x == trunc(x)) {
		snprintf(text, sizeof(text), "%.0f", x);
	} else {
		snprintf(text, sizeof(text), "%.15g", x);
		if (strtod(text, NULL) != x)
			/* an integer beyond 2^53 would be refused */
			snprintf(text, sizeof(text), exact ? "%.17g"
			    : "%.16e", x);
	}
	ke_buf_str(b, text);
}

static void
add_value(struct ke_buf *b, const cJSON *v)
{
	const cJSON *m;

	switch (v->type & 0xff) {
	case cJSON_False:
		ke_buf_str(b, "false");
		break;
	case cJSON_True:
		ke_buf_str(b, "true");
		break;
	case cJSON_Number:
		add_number(b, v->valuedouble);
		break;
	case cJSON_String:
		add_string(b, v->valuestring);
		break;
	case cJSON_Raw:
		ke_buf_str(b, v->valuestring);
		break;
	case cJSON_Array:
	case cJSON_Object:
		ke_buf_str(b, cJSON_IsArray(v) ? "[" : "{");
		cJSON_ArrayForEach(m, v) {
			if (m != v->child)
				ke_buf_str(b, ",");
			if (cJSON_IsObject(v)) {
				add_string(b, m->string);
				ke_buf_str(b, ":");
			}
			add_value(b, m);
		}
		ke_buf_str(b, cJSON_IsArray(v) ? "]" : "}");
		break;
	default:
		ke_buf_str(b, "null");
	}
}

char *
ke_json_print(const cJSON *v)
{
	struct ke_buf b = {0};

	add_value(&b, v);
	return b.s;
}
