/* What may be spent. */
#include <stdlib.h>
#include <string.h>

#include "budget.h"
#include "num.h"

#define USD_MAX 1e9
#define TOKENS_MAX 1e15

int
budget_parse(struct budget *b, const char *text, struct ke_err *e)
{
	static char usd[] = "usd", tokens[] = "tokens";
	char *const names[] = {usd, tokens, NULL};
	char *copy = ke_strdup(text), *rest = copy, *value;
	int status = 0;

	while (*rest != '\0' && status == 0) {
		int which = getsubopt(&rest, names, &value);

		if (which == -1)
			status = ke_fail(e, "%s: neither usd nor tokens",
			    value);
		else if (value == NULL)
			status = ke_fail(e, "%s: needs =NUMBER", names[which]);
		else if (which == 0)
			status = ke_num_real(value, 0, USD_MAX, &b->max.usd, e);
		else
			status = ke_num_real(value, 0, TOKENS_MAX,
			    &b->max.tokens, e);
	}
	free(copy);
	return status;
}

bool
budget_bounds(const struct budget *b)
{
	return b->max.usd >= 0 || b->max.tokens >= 0;
}

static bool
fits(double max, double x)
{
	return max < 0 || x <= max;
}

enum may
budget_hold(struct budget *b, struct cost worst)
{
	double usd = b->spent.usd + worst.usd;
	double tokens = b->spent.tokens + worst.tokens;

	if (!fits(b->max.usd, usd) || !fits(b->max.tokens, tokens))
		return MAY_NEVER;
	if (!fits(b->max.usd, usd + b->held.usd) ||
	    !fits(b->max.tokens, tokens + b->held.tokens))
		return MAY_LATER;
	b->held.usd += worst.usd;
	b->held.tokens += worst.tokens;
	b->holders++;
	return MAY_NOW;
}

void
budget_settle(struct budget *b, struct cost held, struct cost cost)
{
	b->held.usd -= held.usd;
	b->held.tokens -= held.tokens;
	if (--b->holders == 0) /* what rounding left must not be for ever */
		b->held = (struct cost){0};
	b->spent.usd += cost.usd;
	b->spent.tokens += cost.tokens;
}
