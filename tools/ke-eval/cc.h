/* One run of the compiler, shut in. */
#ifndef KE_EVAL_CC_H
#define KE_EVAL_CC_H

#include "json.h"
#include "spawn.h"
#include "toolchain.h"

#define COMPILER_NAME "ke-eval-compiler" /* argv[0] that makes ke-eval one */
#define CC_MS 60000

struct cc {
	struct ke_child child;
	char *argv[48];
	size_t argc;
	char layers[16]; /* of its sandbox, in its own copy */
	int text, object, remarks, report; /* memory files */
	int warm; /* the socket of warm.h; -1: a compiler of its own */
};

/* The command that makes ke-eval a compiler; word is NULL or stands before the
 * toolchain's. */
void cc_command(struct cc *, const struct toolchain *, const char *word,
    const cJSON *flags);
void cc_command_free(struct cc *);
/* What every compiler may have; seconds of a processor come first. */
const struct ke_limit *cc_limits(size_t *n);
char *const *cc_environment(void);

/* Starts it, by a warm one where there is one.  0, or -1 with the reason; then
 * c needs no end. */
int cc_start(struct cc *, const struct toolchain *, const char *text,
    const cJSON *flags, struct ke_err *);
/* Once the child is done: what it made (empty where it failed), to be freed,
 * and the layers of the sandbox that it ran in. */
void cc_end(struct cc *, struct ke_buf *object, struct ke_buf *remarks,
    unsigned *layers);
/* Has the warm compiler that the child asked died, and not by its doing? */
bool cc_gone(const struct cc *);

/* The compiler process's main(). */
int compiler_main(int argc, char **argv);

#endif
