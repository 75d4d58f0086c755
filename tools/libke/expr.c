/* Expressions of plans and operators, evaluated as they are parsed.  A branch
 * not taken is parsed with live = 0: names must be known there too, but
 * nothing is computed, so `d != 0 && n / d` is safe. */
#include <ctype.h>
#include <err.h>
#include <string.h>

#include "expr.h"

#define DEPTH_MAX 64 /* nested parentheses and signs */

struct parse {
	const char *text, *at;
	const struct ke_scope *scope;
	struct ke_err *e;
	int failed, depth;
};

static int64_t ternary(struct parse *, int live);

void
ke_scope_add(struct ke_scope *s, const char *name, int64_t value)
{
	if (s->n == KE_LEN(s->names))
		errx(111, "%s: too many names", name);
	s->names[s->n++] = (struct ke_name){name, value};
}

const int64_t *
ke_scope_find(const struct ke_scope *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->n; i++)
		if (strlen(s->names[i].name) == len &&
		    memcmp(s->names[i].name, name, len) == 0)
			return &s->names[i].value;
	return NULL;
}

static int64_t
bad(struct parse *p, const char *at, const char *why)
{
	if (!p->failed)
		ke_fail(p->e, "%s: column %td: %s", p->text,
		    at - p->text + 1, why);
	p->failed = 1;
	p->at += strlen(p->at);
	return 0;
}

static int
accept(struct parse *p, const char *op)
{
	size_t n = strlen(op);

	while (isspace((unsigned char)*p->at))
		p->at++;
	if (strncmp(p->at, op, n) != 0)
		return 0;
	/* `<` is not `<=`, and `!` is not `!=` */
	if (n == 1 && strchr("<>!", *op) != NULL && p->at[1] == '=')
		return 0;
	p->at += n;
	return 1;
}

static void
expect(struct parse *p, const char *op)
{
	if (!p->failed && !accept(p, op)) {
		char why[] = "expected ' '";

		why[10] = *op;
		bad(p, p->at, why);
	}
}

static int64_t
compute(struct parse *p, const char *at, char op, int64_t a, int64_t b)
{
	int64_t r = 0;
	int over = 0;

	switch (op) {
	case '+':
		over = __builtin_add_overflow(a, b, &r);
		break;
	case '-':
		over = __builtin_sub_overflow(a, b, &r);
		break;
	case '*':
		over = __builtin_mul_overflow(a, b, &r);
		break;
	default: /* division, remainder, division rounded up */
		if (b == 0)
			return bad(p, at, "division by zero");
		if (a < 0 || b < 0)
			return bad(p, at, "division of a negative number");
		r = op == '/' ? a / b : op == '%' ? a % b
		    : a / b + (a % b != 0);
	}
	return over ? bad(p, at, "overflow") : r;
}

static int64_t
pow2(struct parse *p, const char *at, int64_t a)
{
	int64_t r = 1;

	if (a > INT64_MAX / 2 + 1)
		return bad(p, at, "overflow");
	while (r < a)
		r *= 2;
	return r;
}

/* After the name and "(": the arguments, ")" and the value. */
static int64_t
call(struct parse *p, const char *at, size_t n, int live)
{
	int64_t a = ternary(p, live), b = 0;
	int one = n == 4 && memcmp(at, "pow2", 4) == 0;

	if (!one) {
		expect(p, ",");
		b = ternary(p, live);
	}
	expect(p, ")");
	if (p->failed || !live)
		return 0;
	if (one)
		return pow2(p, at, a);
	if (at[0] == 'c')
		return compute(p, at, 'c', a, b);
	return (at[1] == 'i') == (a < b) ? a : b;
}

static int
is_function(const char *s, size_t n)
{
	static const char *const names[] = {"cdiv", "min", "max", "pow2"};

	for (size_t i = 0; i < KE_LEN(names); i++)
		if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0)
			return 1;
	return 0;
}

static int64_t
name(struct parse *p, int live)
{
	const char *at = p->at;
	const int64_t *v;
	size_t n = 0;

	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	p->at += n;
	if (is_function(at, n)) {
		expect(p, "(");
		return p->failed ? 0 : call(p, at, n, live);
	}
	v = ke_scope_find(p->scope, at, n);
	if (v == NULL) {
		struct ke_err why;

		ke_fail(&why, "no such name: %.*s", (int)(n > 64 ? 64 : n), at);
		return bad(p, at, why.msg);
	}
	return *v;
}

static int64_t
number(struct parse *p)
{
	const char *at = p->at;
	int64_t r = 0;

	for (; isdigit((unsigned char)*p->at); p->at++)
		if (__builtin_mul_overflow(r, (int64_t)10, &r) ||
		    __builtin_add_overflow(r, (int64_t)(*p->at - '0'), &r))
			return bad(p, at, "overflow");
	if (isalpha((unsigned char)*p->at) || *p->at == '_' || *p->at == '.')
		return bad(p, at, "not a whole number");
	return r;
}

static int64_t
unary(struct parse *p, int live)
{
	int64_t r = 0;
	const char *at;

	if (++p->depth > DEPTH_MAX)
		return bad(p, p->at, "nested too deeply");
	if (accept(p, "!")) {
		r = !unary(p, live);
	} else if (accept(p, "-")) {
		at = p->at - 1;
		r = unary(p, live);
		r = live && !p->failed ? compute(p, at, '-', 0, r) : 0;
	} else if (accept(p, "(")) {
		r = ternary(p, live);
		expect(p, ")");
	} else if (isdigit((unsigned char)*p->at)) {
		r = number(p);
	} else if (isalpha((unsigned char)*p->at) || *p->at == '_') {
		r = name(p, live);
	} else {
		bad(p, p->at, "expected a value");
	}
	p->depth--;
	return r;
}

static int64_t
product(struct parse *p, int live)
{
	int64_t a = unary(p, live);

	while (!p->failed) {
		char op = accept(p, "*") ? '*' : accept(p, "/") ? '/'
		    : accept(p, "%") ? '%' : '\0';
		const char *at = p->at - 1;
		int64_t b;

		if (op == '\0')
			break;
		b = unary(p, live);
		a = live && !p->failed ? compute(p, at, op, a, b) : 0;
	}
	return a;
}

static int64_t
sum(struct parse *p, int live)
{
	int64_t a = product(p, live);

	while (!p->failed) {
		char op = accept(p, "+") ? '+' : accept(p, "-") ? '-' : '\0';
		const char *at = p->at - 1;
		int64_t b;

		if (op == '\0')
			break;
		b = product(p, live);
		a = live && !p->failed ? compute(p, at, op, a, b) : 0;
	}
	return a;
}

static int64_t
order(struct parse *p, int live)
{
	int64_t a = sum(p, live);

	while (!p->failed) {
		if (accept(p, "<="))
			a = a <= sum(p, live);
		else if (accept(p, ">="))
			a = a >= sum(p, live);
		else if (accept(p, "<"))
			a = a < sum(p, live);
		else if (accept(p, ">"))
			a = a > sum(p, live);
		else
			break;
	}
	return a;
}

static int64_t
equality(struct parse *p, int live)
{
	int64_t a = order(p, live);

	while (!p->failed) {
		if (accept(p, "=="))
			a = a == order(p, live);
		else if (accept(p, "!="))
			a = a != order(p, live);
		else
			break;
	}
	return a;
}

static int64_t
conjunction(struct parse *p, int live)
{
	int64_t a = equality(p, live);

	while (!p->failed && accept(p, "&&")) {
		int64_t b = equality(p, live && a != 0);

		a = a != 0 && b != 0;
	}
	return a;
}

static int64_t
disjunction(struct parse *p, int live)
{
	int64_t a = conjunction(p, live);

	while (!p->failed && accept(p, "||")) {
		int64_t b = conjunction(p, live && a == 0);

		a = a != 0 || b != 0;
	}
	return a;
}

static int64_t
ternary(struct parse *p, int live)
{
	int64_t c, a, b;

	if (++p->depth > DEPTH_MAX)
		return bad(p, p->at, "nested too deeply");
	c = disjunction(p, live);
	if (!p->failed && accept(p, "?")) {
		a = ternary(p, live && c != 0);
		expect(p, ":");
		b = ternary(p, live && c == 0);
		c = c != 0 ? a : b;
	}
	p->depth--;
	return p->failed ? 0 : c;
}

static int
run(const char *text, const struct ke_scope *scope, int live, int64_t *out,
    struct ke_err *e)
{
	struct parse p = {.text = text, .at = text, .scope = scope, .e = e};

	if (strnlen(text, KE_EXPR_MAX + 1) > KE_EXPR_MAX)
		return ke_fail(e, "%.60s: column %d: longer than %d bytes",
		    text, KE_EXPR_MAX + 1, KE_EXPR_MAX);
	*out = ternary(&p, live);
	accept(&p, ""); /* blanks at the end */
	if (!p.failed && *p.at != '\0')
		bad(&p, p.at, "expected an operator");
	return p.failed ? -1 : 0;
}

int
ke_expr(const char *text, const struct ke_scope *scope, int64_t *out,
    struct ke_err *e)
{
	return run(text, scope, 1, out, e);
}

int
ke_expr_check(const char *text, const struct ke_scope *scope, struct ke_err *e)
{
	int64_t ignored;

	return run(text, scope, 0, &ignored, e);
}

int
ke_is_name(const char *s)
{
	static const char *const taken[] = {"auto", "break", "case", "char",
	    "const", "continue", "default", "do", "double", "else", "enum",
	    "extern", "float", "for", "goto", "if", "inline", "int", "long",
	    "register", "restrict", "return", "short", "signed", "sizeof",
	    "static", "struct", "switch", "typedef", "union", "unsigned",
	    "void", "volatile", "while"};
	size_t n = strlen(s);

	if (n == 0 || n > 63 || isdigit((unsigned char)*s) || is_function(s, n))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_')
			return 0;
	for (size_t i = 0; i < KE_LEN(taken); i++)
		if (strcmp(taken[i], s) == 0)
			return 0;
	return 1;
}
