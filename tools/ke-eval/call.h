/* What the command line asks for. */
#ifndef KE_EVAL_CALL_H
#define KE_EVAL_CALL_H

#include "evaluate.h"

#define TOOL "ke-eval"

enum mode { EVALUATE, ADMIT, COMPILE, INFO, LIST, REFERENCE, RUN };

extern struct call {
	enum mode mode;
	const char *op, *target, *dtype; /* NULL: not said */
	const char *keep_dir;            /* -k */
	const char *earlier;             /* -C */
	bool full, effort_given;         /* -e */
	bool table, verbose, one_group;
	int64_t executions, seed;
	struct settings settings;
} call;

/* An operator by name or folder, read once.  NULL with the reason. */
const struct ke_op *call_op(const char *name, struct ke_err *);

/* What a record lacks comes from the options; where they contradict each
 * other it can't be evaluated: -1 with the reason. */
int call_complete(cJSON *rec, const struct ke_op **, const char **type,
    struct ke_err *);

/* From here on standard input comes by way of a process that compiles ahead;
 * its end, with its exit status (ahead.c). */
void ahead_start(void);
int ahead_end(void);

/* The candidates that the operands name, or standard input holds, through the
 * mode's work and out again: the exit status. */
int call_inputs(char **operands);

/* What is printed without a candidate: -i, -R, -A, -l. */
int print_info(void);
int print_cases(void);
int print_admitted(char **operands);
int print_targets(void);

#endif
