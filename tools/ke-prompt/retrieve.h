/* Which documents a prompt gets, in two stages: what the index says, then how
 * near the text is. */
#ifndef RETRIEVE_H
#define RETRIEVE_H

#include "kb.h"
#include "ranking.h"

/* For whom documents are. */
struct reader {
	const char *target;
	const char *language; /* of the candidate; NULL: the target's own */
};

struct want {
	struct reader reader;
	unsigned concerns; /* of the diagnosis */
	unsigned about;    /* of the operator's tags */
	const char *words; /* to rank by */
	int64_t depth;     /* of the expansion: 0 for a draft */
};

struct pick {
	const struct document *doc;
	double score;
	char *why;
};

/* Picks, into an array that the caller frees with picks_free: first the
 * constraints in the order of the index, then the best others. */
size_t retrieve(struct ranking *, const struct want *, struct pick **);

/* As retrieve, but by the words alone, from the best down; why is NULL. */
size_t retrieve_words(struct ranking *, const char *words,
    const struct reader *, struct pick **);
void picks_free(struct pick *, size_t n);

#endif
