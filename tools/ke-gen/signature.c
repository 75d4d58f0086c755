/* Where a function is defined in a candidate's code. */
#include <ctype.h>
#include <string.h>

#include "mem.h"
#include "signature.h"

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Behind the string or character constant, comment or blank at s, or s itself
 * where there is none. */
static const char *
skip_silent(const char *s)
{
	const char *end;

	if (isspace((unsigned char)*s))
		return s + 1;
	if (s[0] == '/' && s[1] == '*') {
		end = strstr(s + 2, "*/");
		return end == NULL ? s + strlen(s) : end + 2;
	}
	if (s[0] == '/' && s[1] == '/')
		return s + strcspn(s, "\n");
	if (*s != '"' && *s != '\'')
		return s;
	for (end = s + 1; *end != '\0' && *end != *s; end++)
		end += *end == '\\' && end[1] != '\0';
	return *end == '\0' ? end : end + 1;
}

static const char *
skip_all_silent(const char *s)
{
	const char *next;

	while ((next = skip_silent(s)) != s)
		s = next;
	return s;
}

static void
add_param(const char *code, size_t from, size_t to, struct signature *f)
{
	while (from < to && isspace((unsigned char)code[from]))
		from++;
	while (to > from && isspace((unsigned char)code[to - 1]))
		to--;
	if (from < to && f->n < SIGNATURE_PARAMS)
		f->params[f->n++] = (struct span){from, to - from};
}

/* Reads the parameters from f->open on: false where the parenthesis isn't
 * closed. */
static bool
read_params(const char *code, struct signature *f)
{
	const char *s = code + f->open + 1;
	size_t from = f->open + 1;
	int depth = 1;

	f->n = 0;
	while (*s != '\0') {
		const char *next = skip_silent(s);

		if (next != s) {
			s = next;
			continue;
		}
		depth += (*s == '(') - (*s == ')');
		if (depth == 0 || (depth == 1 && *s == ',')) {
			add_param(code, from, (size_t)(s - code), f);
			from = (size_t)(s - code) + 1;
		}
		if (depth == 0)
			break;
		s++;
	}
	f->close = (size_t)(s - code);
	return *s == ')';
}

bool
signature_find(const char *code, const char *name, struct signature *f)
{
	size_t len = strlen(name), found = 0;
	const char *s = code, *next;

	while (*s != '\0') {
		const char *word = s;

		next = skip_silent(s);
		if (next != s) {
			s = next;
			continue;
		}
		while (is_word(*s))
			s++;
		if (s == word) {
			s++;
			continue;
		}
		next = skip_all_silent(s);
		if ((size_t)(s - word) != len || memcmp(word, name, len) != 0 ||
		    *next != '(')
			continue;
		if (found++ > 0)
			return false;
		f->name = (size_t)(word - code);
		f->open = (size_t)(next - code);
	}
	if (found != 1 || !read_params(code, f))
		return false;
	next = skip_all_silent(code + f->close + 1);
	f->body = (size_t)(next - code) + 1;
	return *next == '{';
}

static bool
is_number_type(const char *word, size_t n)
{
	static const char *const all[] = {"const", "int", "int32_t", "int64_t",
	    "long"};

	for (size_t i = 0; i < KE_LEN(all); i++)
		if (strlen(all[i]) == n && memcmp(all[i], word, n) == 0)
			return true;
	return false;
}

struct span
signature_number(const char *code, struct span param)
{
	size_t end = param.at + param.n, at = param.at;
	struct span last = {0, 0};

	while (at < end) {
		size_t from = at;

		while (at < end && is_word(code[at]))
			at++;
		if (at == from && !isspace((unsigned char)code[at]))
			return (struct span){0, 0};
		if (at == from) {
			at++;
			continue;
		}
		if (last.n > 0 && !is_number_type(code + last.at, last.n))
			return (struct span){0, 0};
		last = (struct span){from, at - from};
	}
	return last;
}
