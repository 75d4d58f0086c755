/* What a talk is made of, and what it leaves in its record. */
#ifndef TALK_PARTS_H
#define TALK_PARTS_H

#include "steps.h"
#include "talk.h"

struct talk {
	struct gen *g;
	struct llm *llm;
	struct job job;
	cJSON *messages;
	struct pick pick;
	struct ask *ask;
	struct steps *steps; /* where there are tools */
	bool stepping;       /* tools run, in place of an ask */
	double deadline; /* ke_now(), or infinity */
	struct usage usage;
	int attempts, turns;
	bool repaired;
	cJSON *retries;
};

/* What was asked for beside the prompt. */
void note_params(const struct talk *);

/* What a reply says of itself. */
void note_reply(const struct talk *, const struct reply *);

/* What had come before it failed. */
void note_partial(const struct talk *, const struct reply *);

/* What it took, and how it ended. */
void note_end(struct talk *, const char *finish);

#endif
