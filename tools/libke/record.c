/* The one place that knows the shape of a record: ke-record(5). */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "record.h"

#define KE_STATUS_TEXT(name, text) text,
static const char *const status_names[] = {KE_STATUSES(KE_STATUS_TEXT)};
#undef KE_STATUS_TEXT

static const struct {
	const char *name;
	int type; /* of cJSON */
	const char *type_name;
} sections[] = {
	{"run", cJSON_String, "a string"},
	{"xid", cJSON_String, "a string"},
	{"id", cJSON_String, "a string"},
	{"seq", cJSON_Number, "a number"},
	{"pid", cJSON_String, "a string"},
	{"pids", cJSON_Array, "an array"},
	{"op", cJSON_String, "a string"},
	{"target", cJSON_String, "a string"},
	{"language", cJSON_String, "a string"},
	{"dtype", cJSON_String, "a string"},
	{"select", cJSON_Object, "an object"},
	{"context", cJSON_Object, "an object"},
	{"prompt", cJSON_Object, "an object"},
	{"gen", cJSON_Object, "an object"},
	{"source", cJSON_String, "a string"},
	{"choice", cJSON_Object, "an object"},
	{"fingerprint", cJSON_String, "a string"},
	{"eval", cJSON_Object, "an object"},
	{"profile", cJSON_Object, "an object"},
	{"error", cJSON_Object, "an object"},
};

const char *
ke_status_name(enum ke_status s)
{
	return status_names[s];
}

enum ke_status
ke_status_find(const char *name)
{
	int s = 0;

	while (s < KE_STATUS_COUNT && strcmp(name, status_names[s]) != 0)
		s++;
	return (enum ke_status)s;
}

bool
ke_status_passing(enum ke_status s)
{
	switch (s) {
	case KE_HUNG:
	case KE_TIMEOUT:
	case KE_INVALID:
	case KE_THROTTLED:
	case KE_NOISY:
	case KE_LOST:
	case KE_QUARANTINED:
		return true;
	case KE_PLAN_ERROR:
	case KE_COMPILE_ERROR:
	case KE_PROTOCOL:
	case KE_FAULT:
	case KE_WRONG:
	case KE_IMPRECISE:
	case KE_NONDETERMINISTIC:
	case KE_PASS:
	case KE_STATUS_COUNT:
		return false;
	}
	return false;
}

int
ke_record_check(const cJSON *rec, struct ke_err *e)
{
	if (!cJSON_IsObject(rec))
		return ke_fail(e, "not an object");
	if (ke_json_get(rec, "v") != NULL && ke_json_number(rec, "v", 0) != 1)
		return ke_fail(e, "v: this tool knows version 1");
	for (size_t i = 0; i < KE_LEN(sections); i++) {
		const cJSON *v = ke_json_get(rec, sections[i].name);

		if (v != NULL && (v->type & 0xff) != sections[i].type)
			return ke_fail(e, "%s: not %s", sections[i].name,
			    sections[i].type_name);
	}
	return 0;
}

bool
ke_record_is_mark(const cJSON *rec, const char *mark)
{
	const char *m = ke_json_string(rec, "mark");

	return m != NULL && strcmp(m, mark) == 0;
}

bool
ke_record_failed(const cJSON *rec)
{
	return ke_json_object(rec, "error") != NULL;
}

void
ke_record_error(cJSON *rec, const char *tool, const char *code,
    const char *fmt, ...)
{
	cJSON *o = cJSON_CreateObject();
	struct ke_err e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	ke_json_set(rec, "error", o);
	ke_json_set_string(o, "tool", tool);
	ke_json_set_string(o, "code", code);
	ke_json_set_string(o, "message", e.msg);
}

static int
by_name(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

/* Values of tunables are numbers. */
static bool
same_number(const cJSON *a, const cJSON *b)
{
	return cJSON_IsNumber(a) && cJSON_IsNumber(b) &&
	    a->valuedouble == b->valuedouble;
}

cJSON *
ke_choice_canonical(const cJSON *choice, const cJSON *defaults)
{
	cJSON *out = cJSON_CreateObject();
	int n = choice == NULL ? 0 : cJSON_GetArraySize(choice);
	const cJSON **all = ke_calloc((size_t)n, sizeof(*all)), *v;
	size_t k = 0;

	cJSON_ArrayForEach(v, choice)
		if (!same_number(v, ke_json_get(defaults, v->string)))
			all[k++] = v;
	qsort(all, k, sizeof(*all), by_name);
	for (size_t i = 0; i < k; i++)
		if (!cJSON_AddItemToObject(out, all[i]->string,
		    cJSON_Duplicate(all[i], 1)))
			errx(111, "out of memory");
	free(all);
	return out;
}

void
ke_fingerprint(const char *source, const cJSON *choice, const cJSON *defaults,
    char out[KE_FINGERPRINT])
{
	cJSON *canonical = ke_choice_canonical(choice, defaults);
	char *text = ke_json_print(canonical), hex[KE_SHA256_HEX];
	struct ke_buf b = {0};

	ke_buf_add(&b, source, strlen(source) + 1);
	ke_buf_str(&b, text);
	ke_sha256_hex(b.s, b.n, hex);
	memcpy(out, hex, KE_FINGERPRINT - 1);
	out[KE_FINGERPRINT - 1] = '\0';
	ke_buf_free(&b);
	free(text);
	cJSON_Delete(canonical);
}
