/* The candidate as ke-eval(1) builds it. */
#ifndef KE_BUILD_H
#define KE_BUILD_H

#include "profile.h"
#include "spawn.h"

/* Has ke-eval build the candidate, once for a job even where that fails;
 * j->dir then holds variant-0.so and variant-0.remarks.  0, or -1 with the
 * reason. */
int build_candidate(struct job *, struct ke_err *);

/* The path of one of the files.  The caller frees. */
char *build_path(const struct job *, const char *name);

/* Runs it by argv (searched in PATH) and keeps its output in c, which the
 * caller frees.  0; -1 with the reason where it didn't end with status 0. */
int build_run(char *const *argv, size_t output_max, struct ke_child *c,
    struct ke_err *);

/* Removes what was built, and forgets it. */
void build_remove(struct job *);

/* Is the program in PATH?  0, or -1 with the reason. */
int build_has(const char *program, struct ke_err *);

#endif
