/* The project's rules for JSON, over cJSON. */
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

#define EXACT_TEXT "9007199254740992"

/* Length of the number at s, and why it is refused, or NULL. */
static size_t
number_length(const char *s, size_t n, const char **why)
{
	char copy[64] = ""; /* of what cJSON takes for one number */
	size_t len = 0, digits;

	while (len < n && len < sizeof(copy) - 1 && s[len] != '\0' &&
	    strchr("0123456789.eE+-", s[len]) != NULL)
		len++;
	memcpy(copy, s, len);
	digits = strspn(copy, "0123456789");
	if (digits < len)
		*why = isfinite(strtod(copy, NULL)) ? NULL
		    : "a number beyond the range of a double";
	else
		*why = digits < 16 || (digits == 16 && strcmp(copy, EXACT_TEXT)
		    <= 0) ? NULL : "an integer beyond 2^53 must be a string";
	return len;
}

/* Finds what cJSON would take in silence: a byte that isn't UTF-8, NUL, an
 * escaped NUL, and a number that a double can't hold.  NULL, or what is at
 * *at. */
static const char *
scan(const char *s, size_t n, size_t *at)
{
	const char *why = NULL;
	bool quoted = false;
	size_t len;

	for (*at = 0; *at < n; *at += len) {
		const char *c = s + *at;

		len = ke_utf8_length(c, n - *at);
		if (len == 0)
			return "not UTF-8";
		if (*c == '\0')
			return "a NUL byte";
		if (quoted && *c == '\\') {
			if (n - *at > 5 && memcmp(c + 1, "u0000", 5) == 0)
				return "\\u0000";
			len = 2;
		} else if (*c == '"') {
			quoted = !quoted;
		} else if (!quoted && *c >= '0' && *c <= '9') {
			len = number_length(s + *at, n - *at, &why);
		}
		if (why != NULL)
			return why;
	}
	return NULL;
}

static int
by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* A name that stands twice in an object, or NULL.  What it means depends on
 * who reads: cJSON takes the first, jq the last.  names is room for them. */
static const char *
twice(const cJSON *v, const char ***names, size_t *cap)
{
	const char *found;
	const cJSON *m;
	size_t n = 0;

	if (cJSON_IsObject(v)) {
		cJSON_ArrayForEach(m, v) {
			if (n == *cap) {
				*cap = *cap * 2 + 32;
				*names = ke_grow(*names, *cap, sizeof(**names));
			}
			(*names)[n++] = m->string;
		}
		if (n > 1)
			qsort(*names, n, sizeof(**names), by_text);
		for (size_t i = 1; i < n; i++)
			if (strcmp((*names)[i - 1], (*names)[i]) == 0)
				return (*names)[i];
	}
	cJSON_ArrayForEach(m, v)
		if (m->child != NULL &&
		    (found = twice(m, names, cap)) != NULL)
			return found;
	return NULL;
}

/* 0, or -1 with the name. */
static int
check_names(const cJSON *v, size_t column, struct ke_err *e)
{
	const char **names = NULL, *found;
	size_t cap = 0;

	found = twice(v, &names, &cap);
	if (found != NULL)
		ke_fail(e, "column %zu: the name %s stands twice in an object",
		    column, found);
	free(names);
	return found == NULL ? 0 : -1;
}

cJSON *
ke_json_parse_prefix(const char *s, size_t n, size_t *used, struct ke_err *e)
{
	const char *end = s, *why = "not JSON";
	cJSON *v = cJSON_ParseWithLengthOpts(s, n, &end, 0);
	size_t at = 0;

	*used = (size_t)(end - s);
	if (v == NULL || (why = scan(s, *used, &at)) != NULL) {
		if (v != NULL)
			*used = at;
		ke_fail(e, "column %zu: %s", *used + 1, why);
	} else {
		at = strspn(s, " \t\r\n");
		if (check_names(v, at + 1, e) == 0)
			return v;
		*used = at;
	}
	cJSON_Delete(v);
	return NULL;
}

cJSON *
ke_json_parse(const char *s, size_t n, struct ke_err *e)
{
	size_t used, blank;
	cJSON *v = ke_json_parse_prefix(s, n, &used, e);

	if (v == NULL)
		return NULL;
	for (blank = used; blank < n; blank++)
		if (strchr(" \t\r\n", s[blank]) == NULL || s[blank] == '\0') {
			ke_fail(e, "column %zu: text behind the value",
			    blank + 1);
			cJSON_Delete(v);
			return NULL;
		}
	return v;
}

cJSON *
ke_json_get(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

cJSON *
ke_json_object(const cJSON *o, const char *name)
{
	cJSON *v = ke_json_get(o, name);

	return cJSON_IsObject(v) ? v : NULL;
}

cJSON *
ke_json_array(const cJSON *o, const char *name)
{
	cJSON *v = ke_json_get(o, name);

	return cJSON_IsArray(v) ? v : NULL;
}

const char *
ke_json_string(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(ke_json_get(o, name));
}

double
ke_json_number(const cJSON *o, const char *name, double other)
{
	const cJSON *v = ke_json_get(o, name);

	return cJSON_IsNumber(v) ? v->valuedouble : other;
}

bool
ke_json_true(const cJSON *o, const char *name)
{
	return cJSON_IsTrue(ke_json_get(o, name));
}

bool
ke_json_integer(const cJSON *v, int64_t *out)
{
	if (!cJSON_IsNumber(v) || v->valuedouble != trunc(v->valuedouble) ||
	    fabs(v->valuedouble) > KE_JSON_EXACT)
		return false;
	*out = (int64_t)v->valuedouble;
	return true;
}

const char *
ke_json_expression(cJSON *v)
{
	char text[32];
	int64_t n;

	if (ke_json_integer(v, &n)) {
		snprintf(text, sizeof(text), "%lld", (long long)n);
		v->type = cJSON_String;
		v->valuestring = ke_strdup(text);
	}
	return cJSON_GetStringValue(v);
}

void
ke_json_set(cJSON *o, const char *name, cJSON *v)
{
	bool done;

	if (v == NULL)
		errx(111, "out of memory");
	if (ke_json_get(o, name) != NULL)
		done = cJSON_ReplaceItemInObjectCaseSensitive(o, name, v);
	else
		done = cJSON_AddItemToObject(o, name, v);
	if (!done)
		errx(111, "out of memory");
}

void
ke_json_set_number(cJSON *o, const char *name, double x)
{
	if (isfinite(x))
		ke_json_set(o, name, cJSON_CreateNumber(x));
	else
		cJSON_DeleteItemFromObjectCaseSensitive(o, name);
}

void
ke_json_add_number(cJSON *o, const char *name, double x)
{
	if (isfinite(x) && cJSON_AddNumberToObject(o, name, x) == NULL)
		errx(111, "out of memory");
}

void
ke_json_set_text(cJSON *o, const char *name, const char *s, size_t n)
{
	struct ke_buf b = {0};

	if (n == 0)
		s = "";
	ke_buf_room(&b, n);
	for (size_t i = 0, from = 0; i <= n;) {
		size_t len = i == n || s[i] == '\0' ? 0
		    : ke_utf8_length(s + i, n - i);

		i += len;
		if (len > 0)
			continue;
		ke_buf_add(&b, s + from, i - from);
		if (i < n)
			ke_buf_str(&b, "\xef\xbf\xbd"); /* U+FFFD */
		from = ++i;
	}
	ke_json_set(o, name, cJSON_CreateString(b.s));
	ke_buf_free(&b);
}

void
ke_json_set_string(cJSON *o, const char *name, const char *s)
{
	ke_json_set_text(o, name, s, strlen(s));
}
