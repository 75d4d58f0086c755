/* What must not be told. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "secret.h"

#define HIDE_MIN 8 /* characters: what is shorter would be in any text */

static struct taken {
	char *name, *value;
	struct taken *next;
} *all;

void
secret_guard(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

const char *
secret_take(const char *name, struct ke_err *e)
{
	const char *value = getenv(name);
	struct taken *t = all;

	while (t != NULL && strcmp(t->name, name) != 0)
		t = t->next;
	if (t != NULL)
		return t->value;
	if (value == NULL || *value == '\0') {
		ke_fail(e, "no %s in the environment", name);
		return NULL;
	}
	for (const char *s = value; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s)) {
			ke_fail(e, "%s: a control character, such as the end "
			    "of a line", name);
			return NULL;
		}
	t = ke_calloc(1, sizeof(*t));
	*t = (struct taken){ke_strdup(name), ke_strdup(value), all};
	all = t;
	return t->value;
}

int
secret_expand(struct ke_buf *b, const char *text, struct ke_err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	for (const char *s = text; *s != '\0';) {
		size_t plain = strcspn(s, "$"), n, brace;
		const char *value;
		char *name;

		ke_buf_add(b, s, plain);
		s += plain;
		if (*s == '\0')
			break;
		brace = s[1] == '{';
		n = strspn(s + 1 + brace, letters);
		if (n == 0 || (brace && s[2 + n] != '}'))
			return ke_fail(e, "no name behind $");
		name = ke_strndup(s + 1 + brace, n);
		value = secret_take(name, e);
		free(name);
		if (value == NULL)
			return -1;
		ke_buf_str(b, value);
		s += 1 + n + 2 * brace;
	}
	return 0;
}

void
secret_forget(void)
{
	for (const struct taken *t = all; t != NULL; t = t->next) {
		char *value = getenv(t->name);

		/* the memory is what /proc/PID/environ shows */
		if (value != NULL)
			explicit_bzero(value, strlen(value));
		unsetenv(t->name);
	}
}

void
secret_hide(char *text)
{
	for (const struct taken *t = all; t != NULL; t = t->next) {
		size_t n = strlen(t->value);
		char *at = text;

		while (n >= HIDE_MIN && (at = strstr(at, t->value)) != NULL)
			memset(at, '*', n);
	}
}
