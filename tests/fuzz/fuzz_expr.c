/* An expression, against a second evaluation of the same grammar: by
 * precedence climbing, in 128 bits, where each result must fit in 64. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "expr.h"
#include "fuzz.h"

__extension__ typedef __int128 wide;

struct second {
	const char *at;
	const struct ke_scope *scope;
	bool bad;
};

static const struct {
	const char *text;
	int level;
} operators[] = { /* longer ones first */
	{"||", 1}, {"&&", 2}, {"==", 3}, {"!=", 3}, {"<=", 4}, {">=", 4},
	{"<", 4}, {">", 4}, {"+", 5}, {"-", 5}, {"*", 6}, {"/", 6}, {"%", 6},
};

static wide conditional(struct second *, bool live);

static wide
fits(struct second *s, bool live, wide v)
{
	if (live && (v < INT64_MIN || v > INT64_MAX))
		s->bad = true;
	return live ? v : 0;
}

static void
blanks(struct second *s)
{
	while (isspace((unsigned char)*s->at))
		s->at++;
}

static bool
take(struct second *s, char c)
{
	blanks(s);
	if (*s->at != c)
		return false;
	s->at++;
	return true;
}

static void
must(struct second *s, char c)
{
	if (!take(s, c))
		s->bad = true;
}

static wide
divide(struct second *s, bool live, char op, wide a, wide b)
{
	if (!live)
		return 0;
	if (a < 0 || b <= 0) {
		s->bad = true;
		return 0;
	}
	return op == '%' ? a % b : op == '/' ? a / b : (a + b - 1) / b;
}

static wide
function(struct second *s, const char *name, size_t n, bool live)
{
	wide a, b = 0, p = 1;

	must(s, '(');
	a = s->bad ? 0 : conditional(s, live);
	if (strncmp(name, "pow2", n) != 0) {
		must(s, ',');
		b = s->bad ? 0 : conditional(s, live);
	}
	must(s, ')');
	if (s->bad || !live)
		return 0;
	if (strncmp(name, "cdiv", n) == 0)
		return divide(s, live, 'c', a, b);
	if (strncmp(name, "min", n) == 0)
		return a < b ? a : b;
	if (strncmp(name, "max", n) == 0)
		return a > b ? a : b;
	while (p < a)
		p *= 2;
	return fits(s, live, p);
}

static wide
word(struct second *s, bool live)
{
	static const char *const functions[] = {"cdiv", "min", "max", "pow2"};
	const char *name = s->at;
	const int64_t *v;
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || name[n] == '_')
		n++;
	s->at += n;
	for (size_t i = 0; i < KE_LEN(functions); i++)
		if (strlen(functions[i]) == n &&
		    strncmp(functions[i], name, n) == 0)
			return function(s, name, n, live);
	v = ke_scope_find(s->scope, name, n);
	if (v == NULL)
		s->bad = true;
	return v == NULL ? 0 : *v;
}

static wide
literal(struct second *s)
{
	wide v = 0;

	for (; isdigit((unsigned char)*s->at) && !s->bad; s->at++)
		v = fits(s, true, v * 10 + (*s->at - '0'));
	if (isalpha((unsigned char)*s->at) || *s->at == '_' || *s->at == '.')
		s->bad = true;
	return v;
}

static wide
operand(struct second *s, bool live)
{
	wide v = 0;

	blanks(s);
	if (*s->at == '!' && s->at[1] != '=') {
		s->at++;
		return operand(s, live) == 0;
	}
	if (take(s, '-'))
		return fits(s, live, -operand(s, live));
	if (take(s, '(')) {
		v = conditional(s, live);
		must(s, ')');
	} else if (isdigit((unsigned char)*s->at)) {
		v = literal(s);
	} else if (isalpha((unsigned char)*s->at) || *s->at == '_') {
		v = word(s, live);
	} else {
		s->bad = true;
	}
	return v;
}

static wide
apply(struct second *s, bool live, const char *op, wide a, wide b)
{
	switch (*op) {
	case '|':
		return a != 0 || b != 0;
	case '&':
		return a != 0 && b != 0;
	case '=':
		return a == b;
	case '!':
		return a != b;
	case '<':
		return op[1] == '=' ? a <= b : a < b;
	case '>':
		return op[1] == '=' ? a >= b : a > b;
	case '+':
		return fits(s, live, a + b);
	case '-':
		return fits(s, live, a - b);
	case '*': /* of numbers of 64 bits it fits in 128 */
		return fits(s, live, a * b);
	default:
		return divide(s, live, *op, a, b);
	}
}

static wide
climb(struct second *s, bool live, int level)
{
	wide a = operand(s, live);

	for (size_t i = 0; !s->bad && i < KE_LEN(operators); i++) {
		const char *op = operators[i].text;
		bool needed = live;
		wide b;

		if (i == 0)
			blanks(s);
		if (operators[i].level < level ||
		    strncmp(s->at, op, strlen(op)) != 0)
			continue;
		s->at += strlen(op);
		if (*op == '&')
			needed = live && a != 0;
		if (*op == '|')
			needed = live && a == 0;
		b = climb(s, needed, operators[i].level + 1);
		if (!s->bad)
			a = apply(s, live, op, a, b);
		i = (size_t)-1; /* and again, from the first */
	}
	return s->bad ? 0 : a;
}

static wide
conditional(struct second *s, bool live)
{
	wide c = climb(s, live, 1), a, b;

	if (s->bad || !take(s, '?'))
		return c;
	a = conditional(s, live && c != 0);
	must(s, ':');
	b = s->bad ? 0 : conditional(s, live && c == 0);
	return c != 0 ? a : b;
}

static bool
evaluate(const char *text, const struct ke_scope *scope, bool live, wide *v)
{
	struct second s = {.at = text, .scope = scope};

	*v = conditional(&s, live);
	blanks(&s);
	return !s.bad && *s.at == '\0';
}

/* The limits of the first are its own. */
static bool
beyond_limits(const struct ke_err *e)
{
	return strstr(e->msg, "nested too deeply") != NULL ||
	    strstr(e->msg, "longer than") != NULL;
}

static void
names_column(const struct ke_err *e)
{
	fuzz_message(e);
	HOLDS(strstr(e->msg, ": column ") != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct ke_scope scope = {.n = 8, .names = {
	    {"N", 40}, {"B", 3}, {"Z", 0}, {"W", 4000000000}, {"M", -7},
	    {"H", INT64_MAX}, {"L", INT64_MIN}, {"One", 1}}};
	char *text = fuzz_text(data, n);
	struct ke_err e = {""}, why = {""};
	int64_t v;
	wide second;
	int got = ke_expr(text, &scope, &v, &e);
	int known = ke_expr_check(text, &scope, &why);

	if (got == 0)
		HOLDS(known == 0);
	if (got == -1)
		names_column(&e);
	if (known == -1)
		names_column(&why);
	if (!beyond_limits(&e) && !beyond_limits(&why)) {
		HOLDS(evaluate(text, &scope, true, &second) == (got == 0));
		HOLDS(got == -1 || second == v);
		HOLDS(evaluate(text, &scope, false, &second) == (known == 0));
	}
	free(text);
	return 0;
}
