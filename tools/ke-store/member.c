/* The text of a member as it stands in a line. */
#include <string.h>

#include "member.h"

static const char *
blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* Behind the string that begins at s. */
static const char *
string_end(const char *s)
{
	for (s++; *(s += strcspn(s, "\"\\")) == '\\'; s += 2)
		continue;
	return s + 1;
}

/* Behind the value that begins at s. */
static const char *
value_end(const char *s)
{
	int depth = 0;

	if (*s == '"')
		return string_end(s);
	if (*s != '{' && *s != '[')
		return s + strcspn(s, ",}] \t\r\n");
	do {
		if (*s == '"') {
			s = string_end(s);
			continue;
		}
		depth += *s == '{' || *s == '[';
		depth -= *s == '}' || *s == ']';
		s++;
	} while (depth > 0);
	return s;
}

const char *
member_text(const char *s, const char *name, size_t *len)
{
	size_t n = strlen(name);

	s = blanks(blanks(s) + 1);
	while (*s == '"') {
		const char *key = s + 1, *value = string_end(s), *end;

		value = blanks(blanks(value) + 1);
		end = value_end(value);
		if ((size_t)(string_end(s) - key) == n + 1 &&
		    memcmp(key, name, n) == 0) {
			*len = (size_t)(end - value);
			return value;
		}
		s = blanks(end);
		if (*s == ',')
			s = blanks(s + 1);
	}
	return NULL;
}
