/* The verbs of ke-store: each reads its own options, does its part and
 * returns the exit status.  argv[0] is the verb. */
#ifndef VERBS_H
#define VERBS_H

/* What stands before the verb. */
struct options {
	const char *dir; /* of the store */
	int wait_ms;     /* for another process's lock */
};

int verb_init(struct options *, int argc, char **argv);
int verb_run(struct options *, int argc, char **argv);
int verb_nodes(struct options *, int argc, char **argv);
int verb_expand(struct options *, int argc, char **argv);
int verb_known(struct options *, int argc, char **argv);
int verb_add(struct options *, int argc, char **argv);
int verb_get(struct options *, int argc, char **argv);
int verb_best(struct options *, int argc, char **argv);
int verb_reuse(struct options *, int argc, char **argv);
int verb_export(struct options *, int argc, char **argv);
int verb_import(struct options *, int argc, char **argv);
int verb_gc(struct options *, int argc, char **argv);
int verb_fsck(struct options *, int argc, char **argv);

/* Ends the program with the usage and status 2. */
void usage(void) __attribute__((noreturn));

#endif
