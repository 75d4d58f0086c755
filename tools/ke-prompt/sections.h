/* The parts of a prompt, and which of them fit in its budget. */
#ifndef SECTIONS_H
#define SECTIONS_H

#include <stdbool.h>

#include "json.h"
#include "retrieve.h"

/* What a part is kept for: the last ones are cut first, and among equals the
 * later part. */
enum keep {
	KEEP_ALWAYS,
	KEEP_MACHINE,
	KEEP_CONSTRAINT,
	KEEP_SECOND_PARENT,
	KEEP_TRIED,
	KEEP_BEST,
	KEEP_ANCESTORS,
	KEEP_SIBLINGS,
	KEEP_REUSED,
	KEEP_DOCUMENT,
};

struct section {
	enum keep keep;
	bool system; /* in the system message, else in the user's */
	bool cut;
	const cJSON *uses;       /* the part of context it tells, or NULL */
	const struct pick *pick; /* the document that it is, or NULL */
	struct ke_buf text;
};

struct sections {
	struct section *all;
	size_t n;
};

/* A new section at the end, for the caller to write text to before the next
 * is added. */
struct section *section_add(struct sections *, enum keep);
void sections_free(struct sections *);

/* Estimated tokens of what is not cut. */
size_t sections_tokens(const struct sections *);

/* Cuts until tokens are at most budget.  -1 with the reason where they can't
 * be. */
int sections_fit(struct sections *, size_t budget, struct ke_err *);

/* Is this part of context told by a section that was kept? */
bool sections_use(const struct sections *, const cJSON *);

/* The section prompt, but for diagnosis.  The caller deletes. */
cJSON *sections_prompt(const struct sections *, size_t budget);

#endif
