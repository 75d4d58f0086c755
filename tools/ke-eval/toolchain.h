/* What makes objects of a language's texts. */
#ifndef KE_EVAL_TOOLCHAIN_H
#define KE_EVAL_TOOLCHAIN_H

#include "codeobject.h"
#include "parts.h"
#include "plan.h"
#include "verdict.h"

struct cc;

/* What a launch has beside its grid. */
enum plan_form { PLAN_BLOCKS, PLAN_THREADS, PLAN_WARPS };

struct toolchain {
	const char *language; /* c, cuda, triton, hip */
	const char *name;     /* cc, nvrtc, triton, hiprtc */
	const char *suffix;   /* of a candidate's file, without the dot */
	enum plan_form form;
	bool maps;            /* are there tensor maps and clusters? */
	int64_t shared_max;   /* bytes of a block that no device exceeds; 0:
	                       * the device will tell */
	/* A type as a candidate calls it; "" where the language has none. */
	const char *(*type)(enum ke_dtype);
	/* The compiler's own word of its version; "no compiler" where there is
	 * none, with the reason in why() */
	const char *(*version)(void);
	const char *(*why)(void);
	/* What of ours, beside the text, an object depends on; or NULL. */
	const char *ours;
	/* The fixed flags, as one text. */
	const char *(*flags)(void);
	/* Fills in c's command; flags are the plan's. */
	void (*command)(struct cc *, const cJSON *flags);
	/* Is it slow to start, and can wait for texts: see warm.h? */
	bool warm;
	/* The text that is compiled for a candidate; the caller frees. */
	char *(*unit)(const struct ke_plan *, const char *source,
	    const struct ke_op *, enum ke_dtype variant,
	    const struct ke_resolved *);
	/* May this object of a candidate be loaded?  0, or -1 with a verdict
	 * of plan_error. */
	int (*check)(const void *object, size_t n, struct verdict *);
	/* What the object says of the plan's kernels, as
	 * codeobject_kernels(); NULL where the device is to tell. */
	int (*kernels)(const void *object, size_t n, const struct ke_plan *,
	    struct kernel_facts *, struct verdict *);
	/* In check's place where an object has a part for each launch: as
	 * parts_read(). */
	int (*parts)(const void *object, size_t n, const struct ke_plan *,
	    struct parts *, struct verdict *);
};

extern const struct toolchain toolchain_c, toolchain_cuda, toolchain_triton,
    toolchain_triton_amd, toolchain_hip;

/* By the language's name or a file's suffix; NULL where there is none. */
const struct toolchain *toolchain_of_language(const char *);
const struct toolchain *toolchain_of_suffix(const char *);

/* More bytes of a compiled variant are refused. */
#define OBJECT_MAX ((size_t)64 << 20)

bool toolchain_is_there(const struct toolchain *);

/* In the compiler's process: argv as the command has it; becomes the Python
 * that argv names, and returns where it can't. */
int triton_main(char **argv);
/* Likewise one that stays, as the server of warm.h. */
int triton_serve(char **argv, unsigned layers);

#endif
