/* What makes objects of a language's texts. */
#ifndef KE_EVAL_TOOLCHAIN_H
#define KE_EVAL_TOOLCHAIN_H

#include "plan.h"
#include "verdict.h"

struct cc;

struct toolchain {
	const char *language; /* c, cuda */
	const char *name;     /* cc, nvrtc */
	/* The compiler's own word of its version; "no compiler" where there is
	 * none, with the reason in why() */
	const char *(*version)(void);
	const char *(*why)(void);
	/* The fixed flags, as one text. */
	const char *(*flags)(void);
	/* Fills in c's command; flags are the plan's. */
	void (*command)(struct cc *, const cJSON *flags);
	/* The text that is compiled for a candidate; the caller frees. */
	char *(*unit)(const struct ke_plan *, const char *source,
	    const struct ke_op *, enum ke_dtype variant,
	    const struct ke_resolved *);
	/* May this object of a candidate be loaded?  0, or -1 with a verdict
	 * of plan_error. */
	int (*check)(const void *object, size_t n, struct verdict *);
};

extern const struct toolchain toolchain_c;
extern const struct toolchain toolchain_cuda;

/* More bytes of a compiled variant are refused. */
#define OBJECT_MAX ((size_t)64 << 20)

bool toolchain_is_there(const struct toolchain *);

/* The architecture that toolchain_cuda compiles for, e.g. sm_90a: of the
 * device, or as the target says.  Empty where neither does. */
void nvrtc_set_arch(const char *);
const char *nvrtc_arch(void);

/* In the compiler's process: argv as the command has it; in.cu to out.so, the
 * log to standard error.  The exit status. */
int nvrtc_main(char **argv);

#endif
