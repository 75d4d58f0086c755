/* When a search is over: a table of limits. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "num.h"
#include "spawn.h"
#include "stop.h"

static double
nodes(const struct search *s)
{
	return (double)(s->nodes + s->pending);
}

static double
stall(const struct search *s)
{
	return (double)s->since;
}

static double
tokens(const struct search *s)
{
	return s->tokens;
}

static double
money(const struct search *s)
{
	return s->money;
}

static double
joules(const struct search *s)
{
	return s->joules;
}

static double
roofline(const struct search *s)
{
	uint32_t n = confirm_best_node(s);

	return n == NONE ? 0 : s->graph.nodes[n].roof;
}

static const struct {
	const char *name;
	bool whole;
	double (*now)(const struct search *); /* NULL: the clock */
} rules[RULES] = {
	[NODES] = {"nodes", true, nodes},
	[SECONDS] = {"seconds", false, NULL},
	[STALL] = {"stall", true, stall},
	[TOKENS] = {"tokens", true, tokens},
	[MONEY] = {"money", false, money},
	[JOULES] = {"joules", false, joules},
	[SCORE] = {"score", false, confirm_best},
	[ROOFLINE] = {"roofline", false, roofline},
};

void
stop_init(struct stop *stop)
{
	for (int i = 0; i < RULES; i++)
		stop->limit[i] = INFINITY;
	stop->start = ke_now();
}

static int
parse_rule(struct stop *stop, const char *text, struct ke_err *e)
{
	const char *value = strchr(text, '=');
	struct ke_err why;
	int64_t whole;

	for (int i = 0; value != NULL && i < RULES; i++) {
		int bad;

		if (strlen(rules[i].name) != (size_t)(value - text) ||
		    strncmp(rules[i].name, text, (size_t)(value - text)) != 0)
			continue;
		if (rules[i].whole) {
			bad = ke_num_int(value + 1, 1, INT64_C(1) << 53,
			    &whole, &why);
			stop->limit[i] = bad ? 0 : (double)whole;
		} else {
			bad = ke_num_real(value + 1, 0, 1e15, &stop->limit[i],
			    &why);
		}
		return bad ? ke_fail(e, "%s: %s", rules[i].name, why.msg) : 0;
	}
	return ke_fail(e, "%s: not a rule", text);
}

int
stop_parse(struct stop *stop, const char *text, struct ke_err *e)
{
	char *copy = ke_strdup(text), *rest = copy, *rule;
	int bad = 0;

	while (!bad && (rule = strsep(&rest, ",")) != NULL)
		bad = parse_rule(stop, rule, e);
	free(copy);
	return bad;
}

enum rule
stop_holds(const struct stop *stop, const struct search *s, bool flying)
{
	for (int i = 0; i < RULES; i++) {
		double now = rules[i].now == NULL ? ke_now() - stop->start
		    : rules[i].now(s);

		if (i == NODES && flying)
			now += (double)(s->n_flying - s->confirms_flying);
		if (now >= stop->limit[i])
			return (enum rule)i;
	}
	return RULES;
}

int
stop_wait_ms(const struct stop *stop)
{
	double left = stop->start + stop->limit[SECONDS] - ke_now();

	if (isinf(left))
		return -1;
	return left <= 0 ? -1 : left > 1e6 ? INT_MAX / 2
	    : (int)(left * 1e3) + 1;
}

void
stop_words(const struct stop *stop, enum rule rule, char *out, size_t n)
{
	snprintf(out, n, "%s=%.15g", rules[rule].name, stop->limit[rule]);
}
