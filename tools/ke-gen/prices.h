/* What tokens cost: a table that users edit. */
#ifndef PRICES_H
#define PRICES_H

#include "reply.h"

/* USD for a million tokens. */
struct price {
	char *pattern; /* fnmatch(3) of a model's name */
	double in, out, cached, cache_written;
};

struct prices {
	size_t n;
	struct price *rows;
};

/* Reads the table: 0, or -1 with FILE:LINE and the reason. */
int prices_read(struct prices *, const char *file, struct ke_err *);

/* The first row that fits the model, or NULL. */
const struct price *prices_find(const struct prices *, const char *model);

/* USD of what was used, where what was not said counts as none. */
double price_of(const struct price *, const struct usage *);

/* USD at most of so many tokens in and out. */
double price_bound(const struct price *, int64_t in, int64_t out);

#endif
