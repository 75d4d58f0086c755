/* What may be spent.  The worst that a request can cost is set aside before it
 * is sent, and what it did cost put in its place, so that no request can pass
 * the budget. */
#ifndef BUDGET_H
#define BUDGET_H

#include <stdbool.h>

#include "mem.h"

struct cost {
	double usd, tokens;
};

/* max below 0: no bound. */
struct budget {
	struct cost max, spent, held;
	size_t holders;
};
#define BUDGET_NONE {.max = {-1, -1}}

/* Reads "usd=X,tokens=N", either or both: 0, or -1 with the reason. */
int budget_parse(struct budget *, const char *, struct ke_err *);

bool budget_bounds(const struct budget *);

/* Sets the worst aside and says so; else later, where what others hold may
 * come free, or never. */
enum may { MAY_NEVER, MAY_LATER, MAY_NOW };
enum may budget_hold(struct budget *, struct cost worst);

/* What was held has cost that. */
void budget_settle(struct budget *, struct cost held, struct cost cost);

#endif
