/* Which documents a prompt gets, in two stages. */
#include <stdlib.h>
#include <string.h>

#include "concern.h"
#include "retrieve.h"

#define PICKS_MAX 8 /* in a prompt, beside the constraints */

/* The parts of a score: they add up to 1. */
#define BY_CONCERN 0.5
#define BY_LEVEL 0.2
#define BY_TEXT 0.3

/* Progressive specialisation: how well each level suits a depth (the last row
 * serves all that are deeper).  0 keeps a document out. */
static const struct {
	double broad, detail, sample;
} levels[] = {
	{1.0, 0, 0},
	{1.0, 0.8, 0},
	{0.5, 1.0, 0.8},
};

static double
level_fit(unsigned level, int64_t depth)
{
	size_t row = depth < 0 ? 0 : (size_t)depth;

	if (row >= KE_LEN(levels))
		row = KE_LEN(levels) - 1;
	return level == LEVEL_BROAD ? levels[row].broad
	    : level == LEVEL_DETAIL ? levels[row].detail
	    : levels[row].sample;
}

/* Is it the target, or its family? */
static bool
is_target(const char *platform, const char *target)
{
	return strcmp(platform, target) == 0 ||
	    (strlen(platform) == strcspn(target, ":") &&
	    strncmp(platform, target, strlen(platform)) == 0);
}

/* Has the language documents of its own, beside those of the target? */
static bool
is_apart(const struct kb *kb, const struct reader *r)
{
	if (r->language == NULL || is_target(r->language, r->target))
		return false;
	for (size_t i = 0; i < kb->n; i++)
		if (strcmp(kb->docs[i].platform, r->language) == 0)
			return true;
	return false;
}

/* To a language that stands apart the target's other documents are about
 * another one. */
static bool
on_platform(const struct document *d, const struct reader *r, bool apart)
{
	if (strcmp(d->platform, "any") == 0)
		return true;
	if (apart && strcmp(d->platform, r->language) == 0)
		return true;
	return is_target(d->platform, r->target) && (d->hardware || !apart);
}

/* Stage one, but for the platform. */
static bool
is_due(const struct document *d, const struct want *w)
{
	if (d->constraint)
		return true;
	if (w->concerns != 0 && !(d->concerns & (w->concerns | w->about)))
		return false;
	return level_fit(d->level, w->depth) > 0;
}

static const char *
level_name(unsigned level)
{
	return level == LEVEL_BROAD ? "broad"
	    : level == LEVEL_DETAIL ? "detail" : "sample";
}

static char *
say_why(const struct document *d, const struct want *w, double relevance)
{
	unsigned sought = w->concerns != 0 ? w->concerns : w->about;
	struct ke_buf b = {0};

	if (d->constraint) {
		ke_buf_str(&b, "constraints: always");
		return b.s;
	}
	if (d->concerns & sought) {
		concern_names(d->concerns & sought, &b);
		ke_buf_fmt(&b, ": %s; ", w->concerns != 0
		    ? "the diagnosis" : "the operator's tags");
	} else if (w->concerns != 0) {
		concern_names(d->concerns & w->about, &b);
		ke_buf_str(&b, ": the operator's tags; ");
	}
	ke_buf_fmt(&b, "%s at depth %lld; text %.2f of the best",
	    level_name(d->level), (long long)w->depth, relevance);
	return b.s;
}

static double
score(const struct document *d, const struct want *w, double relevance)
{
	unsigned sought = w->concerns != 0 ? w->concerns : w->about;

	if (d->constraint)
		return 1;
	return BY_CONCERN * concern_agree(d->concerns, sought) +
	    BY_LEVEL * level_fit(d->level, w->depth) + BY_TEXT * relevance;
}

/* Constraints first, then from the best down; ties as in the index. */
static int
by_score(const void *a, const void *b)
{
	const struct pick *x = a, *y = b;

	if (x->doc->constraint != y->doc->constraint)
		return x->doc->constraint ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->doc < y->doc ? -1 : x->doc > y->doc;
}

/* A document may have a row for several platforms. */
static bool
is_picked(const struct pick *p, size_t n, const struct document *d)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(p[i].doc->path, d->path) == 0)
			return true;
	return false;
}

size_t
retrieve(struct ranking *r, const struct want *w, struct pick **out)
{
	const struct kb *kb = r->kb;
	struct pick *p = ke_calloc(kb->n, sizeof(*p));
	double *relevance = ke_calloc(kb->n, sizeof(*relevance));
	size_t n = 0, kept = 0, others = 0;
	bool apart = is_apart(kb, &w->reader);

	ranking_query(r, w->words, relevance);
	for (size_t i = 0; i < kb->n; i++) {
		const struct document *d = &kb->docs[i];

		if (on_platform(d, &w->reader, apart) && is_due(d, w))
			p[n++] = (struct pick){.doc = d,
			    .score = score(d, w, relevance[i])};
	}
	qsort(p, n, sizeof(*p), by_score);
	for (size_t i = 0; i < n && others < PICKS_MAX; i++) {
		struct pick one = p[i];

		if (is_picked(p, kept, one.doc))
			continue;
		one.why = say_why(one.doc, w, relevance[one.doc - kb->docs]);
		others += !one.doc->constraint;
		p[kept++] = one;
	}
	free(relevance);
	*out = p;
	return kept;
}

/* From the best down; ties as in the index. */
static int
by_relevance(const void *a, const void *b)
{
	const struct pick *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->doc < y->doc ? -1 : x->doc > y->doc;
}

size_t
retrieve_words(struct ranking *r, const char *words,
    const struct reader *reader, struct pick **out)
{
	const struct kb *kb = r->kb;
	struct pick *p = ke_calloc(kb->n, sizeof(*p));
	double *relevance = ke_calloc(kb->n, sizeof(*relevance));
	bool apart = is_apart(kb, reader);
	size_t n = 0;

	ranking_query(r, words, relevance);
	for (size_t i = 0; i < kb->n; i++)
		if (relevance[i] > 0 &&
		    on_platform(&kb->docs[i], reader, apart) &&
		    !is_picked(p, n, &kb->docs[i]))
			p[n++] = (struct pick){.doc = &kb->docs[i],
			    .score = relevance[i]};
	qsort(p, n, sizeof(*p), by_relevance);
	free(relevance);
	*out = p;
	return n < PICKS_MAX ? n : PICKS_MAX;
}

void
picks_free(struct pick *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(p[i].why);
	free(p);
}
