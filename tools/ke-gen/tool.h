/* What the tools of agent.h share. */
#ifndef TOOL_H
#define TOOL_H

#include "agent.h"
#include "folder.h"

#define TOOL_RESULT_MAX 20000 /* bytes of a result; the rest is left out */

struct agent {
	struct folder folder;
	char *op; /* the operator's folder */
	char *target, *dtype;
	const char *suffix;    /* ".c", ".cu", ".hip" or ".py" */
	const char *candidate; /* candidate.c and so on */
	bool may_evaluate;
	const char *language;
	/* of the call */
	const struct tool *tool;
	struct ke_child child;
	bool running, failed;
	struct ke_buf result;
};

struct tool {
	const char *name, *description;
	const char *parameters; /* JSON schema */
	bool evaluates; /* is there only where that is allowed */
	/* Gives the result by tool_say or tool_refuse, or starts a child. */
	void (*start)(struct agent *, const cJSON *args);
	/* Gives the result once the child is done. */
	void (*finish)(struct agent *);
};

extern const struct tool tool_read, tool_write, tool_replace, tool_lint,
    tool_kb, tool_code, tool_evaluate;

/* The result, or why there is none. */
void tool_say(struct agent *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void tool_refuse(struct agent *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The argument; NULL after tool_refuse where it is no string, or where it is
 * absent and other is NULL. */
const char *tool_string(struct agent *, const cJSON *args, const char *name,
    const char *other);

/* The argument, from 1 on; other where it is absent or no such number. */
size_t tool_count(const cJSON *args, const char *name, size_t other);

/* "candidate.c" */
const char *tool_candidate(const struct agent *);

/* Starts a program in dir (NULL: ours), without the keys that are in our
 * environment, or refuses.  At most TOOL_ARGS arguments, up to a NULL; memory
 * in bytes (0: any). */
#define TOOL_ARGS 16
void tool_spawn(struct agent *, const char *const *args, const char *dir,
    int seconds, size_t memory);

#endif
