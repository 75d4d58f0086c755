/* What a model answered, whatever the protocol. */
#include <stdlib.h>
#include <string.h>

#include "reply.h"

void
reply_free(struct reply *r)
{
	ke_buf_free(&r->text);
	ke_buf_free(&r->reasoning);
	cJSON_Delete(r->calls);
	cJSON_Delete(r->turn);
	free(r->finish);
	free(r->finish_reason);
	free(r->model);
	free(r->id);
	*r = (struct reply){.usage = USAGE_NONE};
}

void
reply_set(char **to, const char *s)
{
	if (s == NULL)
		return;
	free(*to);
	*to = ke_strdup(s);
}

void
reply_call(struct reply *r, const char *id, const char *name,
    const char *args)
{
	cJSON *call = cJSON_CreateObject(), *object;
	struct ke_err e;

	if (id != NULL)
		ke_json_set_string(call, "id", id);
	ke_json_set_string(call, "name", name == NULL ? "" : name);
	/* a call without arguments may come as an empty text */
	object = args == NULL || *args == '\0' ? cJSON_CreateObject()
	    : reply_parse(args, strlen(args), &e);
	if (cJSON_IsObject(object)) {
		ke_json_set(call, "args", object);
	} else {
		cJSON_Delete(object);
		ke_json_set_string(call, "args", args);
	}
	if (r->calls == NULL)
		r->calls = cJSON_CreateArray();
	cJSON_AddItemToArray(r->calls, call);
}

/* The code unit of the escape \uXXXX at s, or -1. */
static long
code_unit(const char *s, size_t n)
{
	char digits[5] = {0}, *end;
	long unit;

	if (n < 6 || s[0] != '\\' || s[1] != 'u')
		return -1;
	memcpy(digits, s + 2, 4);
	unit = strtol(digits, &end, 16);
	return end == digits + 4 ? unit : -1;
}

/* Replaces escapes that name no character of a C string: NUL, and half a
 * surrogate pair, which servers that cut text between code units send. */
static void
mend(char *s, size_t n)
{
	static const char replacement[] = {'f', 'f', 'f', 'd'};

	for (size_t i = 0; i < n; i++) {
		long unit = code_unit(s + i, n - i), next;

		if (unit == -1) {
			i += s[i] == '\\';
			continue;
		}
		next = i + 6 < n ? code_unit(s + i + 6, n - i - 6) : -1;
		if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 &&
		    next < 0xe000)
			i += 6;
		else if (unit == 0 || (unit >= 0xd800 && unit < 0xe000))
			memcpy(s + i + 2, replacement, sizeof(replacement));
		i += 5;
	}
}

cJSON *
reply_parse(const char *text, size_t n, struct ke_err *e)
{
	char *copy = ke_strndup(text, n);
	const char *end = copy;
	cJSON *v;

	mend(copy, n);
	v = cJSON_ParseWithLengthOpts(copy, n, &end, 0);
	if (v == NULL)
		ke_fail(e, "not JSON at byte %zu of %zu",
		    (size_t)(end - copy), n);
	else if (strspn(end, " \t\r\n") != n - (size_t)(end - copy)) {
		ke_fail(e, "text behind the JSON at byte %zu",
		    (size_t)(end - copy));
		cJSON_Delete(v);
		v = NULL;
	}
	free(copy);
	return v;
}

bool
reply_is_error(const cJSON *v)
{
	const cJSON *error = ke_json_get(v, "error");
	const char *type = ke_json_string(v, "type");

	return (error != NULL && !cJSON_IsNull(error)) ||
	    (type != NULL && strcmp(type, "error") == 0);
}

/* The object that tells of an error. */
static const cJSON *
error_object(const cJSON *v)
{
	const cJSON *error;

	/* Gemini's come in an array where the reply was to be a stream */
	if (cJSON_IsArray(v))
		v = v->child;
	error = ke_json_get(v, "error");
	if (error != NULL)
		return cJSON_IsNull(error) ? NULL : error;
	return ke_json_string(v, "message") != NULL ||
	    ke_json_get(v, "detail") != NULL ? v : NULL;
}

/* A member's text; NULL where it says nothing. */
static const char *
words(const cJSON *o, const char *name)
{
	const char *s = ke_json_string(o, name);

	return s != NULL && *s != '\0' ? s : NULL;
}

const char *
reply_error(const cJSON *v)
{
	const cJSON *o = error_object(v);
	const char *s = cJSON_GetStringValue(o);

	if (s == NULL || *s == '\0')
		s = words(o, "message");
	return s != NULL ? s : words(o, "detail");
}

const char *
reply_error_kind(const cJSON *v)
{
	static const char *const names[] = {"code", "status", "type"};
	const cJSON *o = error_object(v);
	const char *s = NULL;

	for (size_t i = 0; i < KE_LEN(names) && s == NULL; i++)
		s = words(o, names[i]);
	return s;
}

double
reply_error_delay(const cJSON *v)
{
	const cJSON *detail;

	cJSON_ArrayForEach(detail, ke_json_array(error_object(v), "details")) {
		const char *delay = ke_json_string(detail, "retryDelay");
		char *end;
		double s;

		if (delay == NULL)
			continue;
		s = strtod(delay, &end);
		if (s >= 0 && end != delay && strcmp(end, "s") == 0)
			return s;
	}
	return -1;
}

int64_t
usage_count(const cJSON *o, const char *name)
{
	int64_t n;

	return ke_json_integer(ke_json_get(o, name), &n) && n >= 0 ? n : -1;
}

/* Where each count stands, and its name in the record. */
static const struct {
	const char *name;
	size_t offset;
} counts[] = {
	{"in", offsetof(struct usage, in)},
	{"out", offsetof(struct usage, out)},
	{"cached", offsetof(struct usage, cached)},
	{"cache_written", offsetof(struct usage, cache_written)},
	{"reasoning", offsetof(struct usage, reasoning)},
};

static int64_t
count_at(const struct usage *u, size_t i)
{
	int64_t n;

	memcpy(&n, (const char *)u + counts[i].offset, sizeof(n));
	return n;
}

void
usage_add(struct usage *u, const struct usage *more)
{
	for (size_t i = 0; i < KE_LEN(counts); i++) {
		int64_t a = count_at(u, i), b = count_at(more, i);

		if (b == -1)
			continue;
		a = a == -1 ? b : a + b;
		memcpy((char *)u + counts[i].offset, &a, sizeof(a));
	}
}

cJSON *
usage_json(const struct usage *u)
{
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; i < KE_LEN(counts); i++)
		if (count_at(u, i) != -1)
			ke_json_add_number(o, counts[i].name,
			    (double)count_at(u, i));
	return o;
}
