/* When a search is over. */
#ifndef KE_SELECT_STOP_H
#define KE_SELECT_STOP_H

#include "search.h"

/* From SCORE on they may cease to hold when a confirmation comes back. */
enum rule {
	NODES, SECONDS, STALL, TOKENS, MONEY, JOULES, SCORE, ROOFLINE, RULES
};

struct stop {
	double limit[RULES]; /* infinity where the rule is not set */
	double start;        /* seconds of CLOCK_MONOTONIC */
};

void stop_init(struct stop *);

/* Adds "rule,rule...".  0, or -1 with the reason. */
int stop_parse(struct stop *, const char *text, struct ke_err *);

/* The rule that holds, or RULES.  What is in flight counts as nodes only
 * where flying is true. */
enum rule stop_holds(const struct stop *, const struct search *, bool flying);

/* Milliseconds until the clock can change the answer, or -1. */
int stop_wait_ms(const struct stop *);

/* "nodes=40", in out. */
void stop_words(const struct stop *, enum rule, char *out, size_t n);

#endif
