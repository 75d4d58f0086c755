/* A record in the hands of a model: the prompt, the answer, and where that has
 * no usable candidate one more turn with the reason. */
#ifndef TALK_H
#define TALK_H

#include "ask.h"
#include "gen.h"
#include "sampling.h"

struct talk;

struct llm {
	struct server server;
	struct sampling *sampling;
	size_t n, cap;
	struct talk **talks; /* that go on */
	int signals; /* signals.h, where tools are used; else -1 */
	double shown; /* ke_now() when the terminal was last told; or never */
	size_t good, bad;
	struct usage usage; /* of all */
	double usd;
};

/* Takes the job over and ends it, in a later step or at once. */
void talk_start(struct gen *, struct llm *, struct job);

/* Adds what to poll for, and lowers *timeout_ms to the next deadline. */
void talk_watch(const struct llm *, struct ke_buf *polls, int *timeout_ms);

/* Moves on the tools that run, and ends the talks whose deadline (-D) has
 * passed. */
void talk_step(struct llm *);

/* Ends all, though not their jobs: nothing goes on running. */
void talk_close(struct llm *);

#endif
