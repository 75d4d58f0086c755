/* A line of a pipe: JSON, then a record; and text that isn't UTF-8, put into
 * one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "record.h"

/* The message says at which column of the line. */
static void
names_column(const struct ke_err *e, size_t n)
{
	size_t column;

	fuzz_message(e);
	HOLDS(sscanf(e->msg, "column %zu: ", &column) == 1);
	HOLDS(column >= 1 && column <= n + 1);
}

static void
reverse(cJSON *object)
{
	cJSON *v, *last = NULL;
	cJSON *out = cJSON_CreateObject();

	while ((v = object->child) != NULL) {
		cJSON_DetachItemViaPointer(object, v);
		if (last == NULL)
			cJSON_AddItemToObject(out, v->string, v);
		else
			cJSON_InsertItemInArray(out, 0, v);
		last = v;
	}
	while ((v = out->child) != NULL) {
		cJSON_DetachItemViaPointer(out, v);
		cJSON_AddItemToArray(object, v);
	}
	cJSON_Delete(out);
}

static bool
all_numbers(const cJSON *o)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, o)
		if (!cJSON_IsNumber(v))
			return false;
	return true;
}

/* The name of a candidate does not depend on the order of its choice, and not
 * on what equals the defaults. */
static void
fingerprints(const cJSON *rec)
{
	const char *source = ke_json_string(rec, "source");
	cJSON *choice = cJSON_Duplicate(ke_json_object(rec, "choice"), 1);
	cJSON *none;
	char a[KE_FINGERPRINT], b[KE_FINGERPRINT], c[KE_FINGERPRINT];

	if (source == NULL)
		source = "";
	ke_fingerprint(source, choice, NULL, a);
	HOLDS(strlen(a) == KE_FINGERPRINT - 1);
	if (choice == NULL)
		return;
	none = ke_choice_canonical(choice, choice);
	HOLDS(!all_numbers(choice) || none->child == NULL);
	cJSON_Delete(none);
	if (all_numbers(choice)) {
		ke_fingerprint(source, choice, choice, b);
		ke_fingerprint(source, NULL, NULL, c);
		HOLDS(strcmp(b, c) == 0);
	}
	reverse(choice);
	ke_fingerprint(source, choice, NULL, b);
	HOLDS(strcmp(a, b) == 0);
	cJSON_Delete(choice);
}

static void
fails(cJSON *rec, const char *text)
{
	struct ke_err e;

	ke_record_error(rec, "ke-fuzz", "code", "%s", text);
	HOLDS(ke_record_failed(rec));
	HOLDS(ke_record_check(rec, &e) == 0);
	fuzz_prints(rec);
}

/* Any bytes become text, and what was text stays. */
static void
repairs(const char *s, size_t n)
{
	cJSON *o = cJSON_CreateObject();
	const char *text;

	ke_json_set_text(o, "t", s, n);
	fuzz_prints(o);
	text = ke_json_string(o, "t");
	if (fuzz_is_line(s, n))
		HOLDS(strlen(text) == n && memcmp(s, text, n) == 0);
	cJSON_Delete(o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *line = fuzz_bytes(data, n), *text = fuzz_text(data, n);
	struct ke_err e = {""};
	cJSON *rec = ke_json_parse(line, n, &e);

	repairs(line, n);
	if (rec == NULL) {
		names_column(&e, n);
	} else {
		fuzz_prints(rec);
		if (ke_record_check(rec, &e) == 0) {
			fingerprints(rec);
			fails(rec, text);
		} else {
			fuzz_message(&e);
		}
	}
	cJSON_Delete(rec);
	free(line);
	free(text);
	return 0;
}
