/* What the fuzz targets share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

void
fuzz_holds(bool yes, const char *promise, const char *file, int line)
{
	if (yes)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, promise);
	abort();
}

/* The code point at s and its length, or 0: decoded by arithmetic, not by the
 * table that libke uses. */
static size_t
code_point(const unsigned char *s, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	size_t more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc0;

	if (more >= n || (s[0] & 0xc0) == 0x80 || s[0] > 0xf7)
		return 0;
	*c = more == 0 ? s[0] : s[0] & (0x3fU >> more);
	for (size_t i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3fU);
	}
	return *c < least[more] || *c > 0x10ffff || *c >> 11 == 0x1b ? 0
	    : more + 1;
}

bool
fuzz_is_line(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	uint32_t c;
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = code_point(u + i, n - i, &c);
		if (len == 0 || c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

void
fuzz_message(const struct ke_err *e)
{
	size_t n = strnlen(e->msg, sizeof(e->msg));

	HOLDS(n > 0 && n < sizeof(e->msg));
	HOLDS(fuzz_is_line(e->msg, n));
}

static bool
same_name(const cJSON *a, const cJSON *b)
{
	if (a->string == NULL || b->string == NULL)
		return a->string == b->string;
	return strcmp(a->string, b->string) == 0;
}

/* Bit for bit and in order: cJSON_Compare is neither. */
static bool
same(const cJSON *a, const cJSON *b)
{
	const cJSON *x = a->child, *y = b->child;

	if ((a->type & 0xff) != (b->type & 0xff) || !same_name(a, b))
		return false;
	if (cJSON_IsNumber(a))
		return a->valuedouble == b->valuedouble;
	if (cJSON_IsString(a))
		return strcmp(a->valuestring, b->valuestring) == 0;
	for (; x != NULL && y != NULL; x = x->next, y = y->next)
		if (!same(x, y))
			return false;
	return x == NULL && y == NULL;
}

void
fuzz_prints(const cJSON *v)
{
	char *once = ke_json_print(v), *again;
	struct ke_err e;
	cJSON *back = ke_json_parse(once, strlen(once), &e);

	HOLDS(fuzz_is_line(once, strlen(once)) || strchr(once, 0x7f) != NULL);
	HOLDS(back != NULL);
	HOLDS(same(v, back));
	again = ke_json_print(back);
	HOLDS(strcmp(once, again) == 0);
	free(once);
	free(again);
	cJSON_Delete(back);
}

char *
fuzz_bytes(const uint8_t *data, size_t n)
{
	char *s = ke_grow(NULL, n, 1);

	if (n > 0)
		memcpy(s, data, n);
	return s;
}

char *
fuzz_text(const uint8_t *data, size_t n)
{
	return ke_strndup((const char *)data, n);
}
