/* What the services' checks of a request have in common. */
#include <stdio.h>
#include <string.h>

#include "server.h"

enum wrong
fields_check(const cJSON *o, const struct field *f, size_t n,
    const char **name)
{
	const cJSON *member;

	for (size_t i = 0; i < n; i++) {
		*name = f[i].name;
		member = ke_json_get(o, f[i].name);
		if (member == NULL && f[i].required)
			return MISSING;
		if (member != NULL &&
		    (member->type & 0xff & (f[i].types | cJSON_NULL)) == 0)
			return MISTYPED;
	}
	cJSON_ArrayForEach(member, o) {
		size_t i = 0;

		*name = member->string;
		while (i < n && strcmp(f[i].name, member->string) != 0)
			i++;
		if (i == n)
			return UNKNOWN;
	}
	return FINE;
}

bool
refuse(struct refusal *r, int status, const char *type, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	r->status = status;
	r->type = type;
	r->code = code;
	va_start(ap, fmt);
	vsnprintf(r->message.msg, sizeof(r->message.msg), fmt, ap);
	va_end(ap);
	return false;
}

const char *
header(const struct request *r, const char *name)
{
	return ke_json_string(r->headers, name);
}

bool
array_has(const cJSON *array, const char *member, const char *text)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, array) {
		const char *s = ke_json_string(o, member);

		if (s != NULL && text != NULL && strcmp(s, text) == 0)
			return true;
	}
	return false;
}
