/* The tool-using step: the calls that a model makes between its turns, in a
 * folder of its own (agent.h). */
#ifndef STEPS_H
#define STEPS_H

#include "gen.h"
#include "reply.h"

struct steps;

/* At most so many calls.  NULL with the reason. */
struct steps *steps_open(struct gen *, const cJSON *rec, int64_t calls,
    bool may_evaluate, struct ke_err *);

/* Tells the model of the folder and of the limit, in the last of the prompt's
 * messages. */
void steps_tell(const struct steps *, cJSON *messages);

/* Starts the calls of a reply; those beyond the limit get a result that says
 * so.  False, and nothing is started, where no call is left. */
bool steps_start(struct steps *, const struct reply *);

/* Adds what to poll for, and lowers *timeout_ms (-1: none). */
void steps_watch(const struct steps *, struct ke_buf *polls, int *timeout_ms);

/* Moves the calls on, without waiting: true once all have a result. */
bool steps_go(struct steps *);

/* The results, [{id, name, content}], for the protocol.  Borrowed, until the
 * next start. */
const cJSON *steps_results(const struct steps *);

/* The candidate in the folder, where it isn't the parent's any more, or NULL.
 * The caller frees. */
char *steps_candidate(const struct steps *);

/* All that was called and what came of it, as in ke-record(5), gen.calls.  The
 * caller's from now on. */
cJSON *steps_record(struct steps *);

/* Kills what runs, and removes the folder.  NULL is none. */
void steps_close(struct steps *);

#endif
