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
};

/* Starts it.  0, or -1 with the reason; then c needs no end. */
int cc_start(struct cc *, const struct toolchain *, const char *text,
    const cJSON *flags, struct ke_err *);
/* Once the child is done: what it made (empty where it failed), to be freed,
 * and the layers of the sandbox that it ran in. */
void cc_end(struct cc *, struct ke_buf *object, struct ke_buf *remarks,
    unsigned *layers);

/* The compiler process's main(). */
int compiler_main(int argc, char **argv);

#endif
