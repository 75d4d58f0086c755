/* The choices that one source offers, and what is known of each. */
#ifndef SPACE_H
#define SPACE_H

#include <stdbool.h>

#include "language.h"
#include "map.h"
#include "op.h"
#include "plan.h"

/* A choice: for each tunable, in the plan's order, the index of its value. */
struct point {
	uint32_t at[KE_TUNE_MAX];
};

enum outcome { UNKNOWN, FAILED, PASSED };

/* What came of a point.  UNKNOWN: proposed, or measured without a result that
 * says anything. */
struct observed {
	const struct space *of;
	struct point p;
	enum outcome outcome;
	double y; /* log of the score, where PASSED */
};

/* What is known of all spaces with the same tunables: of what one text gained
 * by a value, another of the same code may gain as much. */
struct family {
	size_t n;
	struct observed *all;
};

struct space {
	char *name; /* of the seed's file, or NULL */
	char *source, *hash;
	char *form; /* of plan_text_form */
	const struct ke_op *op; /* borrowed */
	const struct language *language;
	struct ke_plan *plan;
	cJSON *defaults;
	struct family *family;
	bool joined; /* the family is another's */
	struct map known;   /* own point to 1 + its index in the family */
	size_t n_passed, n_failed; /* own points */
	struct map invalid; /* points that the plan refuses */
	bool exhausted;
	struct space *next;
};

/* The space of a candidate's text; NULL with the reason where it has no
 * plan. */
struct space *space_open(const char *source, const struct ke_op *,
    const struct language *, struct ke_err *);

void space_free(struct space *);

/* Makes a space without points one of the family of kin, where their tunables
 * are the same. */
void space_join(struct space *, const struct space *kin);

/* Values of tunable t, and how many choices there are in all (SIZE_MAX where
 * that overflows). */
size_t space_values(const struct space *, size_t t);
size_t space_size(const struct space *);

/* The point of a choice that overrides the plan's own (may be NULL); values
 * that the plan doesn't offer are taken as the plan's own. */
struct point space_point(const struct space *, const cJSON *choice);

/* The choice of a point, as the record has it.  The caller deletes. */
cJSON *space_choice(const struct space *, const struct point *);

bool space_same(const struct space *, const struct point *,
    const struct point *);

/* Does the plan hold there?  Kept, so that asking again is cheap. */
bool space_valid(struct space *, const struct point *);

/* Has the text failed, and never passed?  Others made of it would, too. */
bool space_failed(const struct space *);

bool space_is_known(const struct space *, const struct point *);

/* Notes what came of the point; a later outcome replaces UNKNOWN. */
void space_observe(struct space *, const struct point *, enum outcome,
    double score);

#endif
