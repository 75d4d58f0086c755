/* The tools of a tool-using step, whatever protocol asks for them.  Each
 * generation has an agent with a folder of its own:
 *
 *	candidate.c         the parent's source, where there is one (of records
 *	                    in language cuda candidate.cu); what is there at
 *	                    the end is the answer
 *	op/                 the operator's op.json, ref.c, base.* and seed*, to
 *	                    be read
 *
 * The loop that asks the model owns the turns: it calls one tool at a time,
 * polls and steps while it runs, and takes the result:
 *
 *	agent_call(a, name, args);
 *	while (!agent_step(a)) ... poll what agent_poll says ...
 *	text = agent_result(a, &failed);
 */
#ifndef AGENT_H
#define AGENT_H

#include <poll.h>

#include "gen.h"
#include "spawn.h"

struct agent;

/* The tools: [{name, description, parameters (a JSON schema)}].  With
 * may_evaluate there is evaluate too.  Made once, and never to be changed. */
const cJSON *agent_tools(bool may_evaluate);

/* For a record with op, and language, target, dtype and context.parent.source
 * where it has them.  NULL with the reason. */
struct agent *agent_open(struct gen *, const cJSON *rec, bool may_evaluate,
    struct ke_err *);

/* Starts a call, when no other runs.  A tool that isn't there, or arguments
 * that it can't take (args may be NULL), are a result that says so. */
void agent_call(struct agent *, const char *name, const cJSON *args);

/* As ke_child_poll: for while agent_step says false. */
void agent_poll(const struct agent *, struct pollfd[KE_CHILD_POLL],
    int *timeout_ms);

/* Moves the call on without waiting: true once there is a result. */
bool agent_step(struct agent *);

/* The result, as text for a model, until the next call.  *failed: the tool did
 * not do what was asked (that a candidate doesn't compile is no failure). */
const char *agent_result(const struct agent *, bool *failed);

/* What is in candidate.c now.  The caller frees; NULL with the reason where
 * it isn't there. */
char *agent_candidate(const struct agent *, struct ke_err *);

/* Kills what runs, and removes the folder. */
void agent_close(struct agent *);

#endif
