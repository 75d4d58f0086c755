/* From a candidate's text to shared objects: one per distinct set of
 * constants and tunables over the cases.  Compilers run as children under
 * limits, as many at once as there are jobs, with the processors' lock shared;
 * what they made is kept by content under $XDG_CACHE_HOME/ke/compile. */
#ifndef KE_EVAL_COMPILE_H
#define KE_EVAL_COMPILE_H

#include "plan.h"
#include "toolchain.h"
#include "verdict.h"
#include "wire.h"

struct variant {
	char *text;     /* the translation unit */
	char *so;       /* path of the shared object, NULL until compiled */
	char *remarks;  /* path of the vectoriser's remarks */
	struct parts parts; /* once compiled */
};

/* A candidate (or the baseline) with what is known of it before it runs. */
struct program {
	const struct toolchain *toolchain;
	struct ke_plan *plan;
	const cJSON *choice; /* of the record; borrowed, may be NULL */
	size_t n_variants;
	struct variant variants[VARIANTS_MAX];
	double compile_s;
	struct ke_buf log; /* what the compiler said */
	size_t code_bytes;
	unsigned layers; /* of the compiler's sandbox; 0: none was run */
	/* on a GPU, of its kernels the most: registers and local bytes of a
	 * thread, shared bytes and threads of a block; 0: not known */
	int registers, local_bytes, shared_bytes, threads;
	/* what objects say of each launch's kernel, where they do */
	struct kernel_facts kernels[KE_LAUNCHES_MAX];
	size_t n_kernels;
};

/* What one case of one program needs. */
struct fitted {
	struct ke_resolved r;
	int variant; /* -1 where the case is outside the domain */
};

/* Parses the plan.  A verdict of plan_error where that fails. */
int program_open(struct program *, const struct toolchain *,
    const char *source, const struct ke_op *, const cJSON *choice,
    struct verdict *);
void program_close(struct program *);

/* Resolves the plan for the case and finds or adds its variant. */
int program_fit(struct program *, const char *source, const struct ke_op *,
    enum ke_dtype, const struct ke_case *, struct fitted *,
    struct verdict *);

/* Compiles what isn't there.  A verdict of compile_error where the compiler
 * says so; -1 with the reason in e where the system failed. */
int program_compile(struct program *, int jobs, struct verdict *,
    struct ke_err *);

/* A copy of a compiled variant that nobody can change any more, checked: its
 * descriptor.  -1 with a verdict of plan_error where it must not be loaded,
 * else the reason in e. */
int program_seal(struct program *, size_t variant, struct verdict *,
    struct ke_err *);

/* Compiles trusted text, the file named, to a shared object: its path, or NULL
 * with a verdict where the compiler refused it, else the reason in e.  The
 * caller frees. */
char *compile_trusted(const struct toolchain *, const char *text,
    const char *what, struct verdict *, struct ke_err *);

#endif
