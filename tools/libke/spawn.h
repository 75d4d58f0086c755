/* Children run by argv, watched by clock, reported in full. */
#ifndef KE_SPAWN_H
#define KE_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "json.h"
#include "mem.h"

struct ke_limit {
	int resource; /* RLIMIT_... */
	rlim_t value;
};

struct ke_spawn {
	char *const *argv; /* argv[0] is looked up in PATH */
	char *const *envp; /* NULL: our own */
	const char *dir;   /* NULL: our own */
	int timeout_ms;    /* then its process group is killed */
	size_t output_max; /* bytes of stdout and stderr that are kept */
	const struct ke_limit *limits;
	size_t n_limits;
};

/* A child that runs, or has run.  output is its stdout and stderr together;
 * status that of waitpid(2), valid once done. */
struct ke_child {
	pid_t pid;
	int pidfd, out;
	int64_t deadline; /* ms of CLOCK_MONOTONIC */
	size_t output_max;
	struct ke_buf output;
	int status;
	bool done, timed_out, cut;
};

/* Starts it in a process group of its own, with standard input at /dev/null
 * and no other descriptor of ours.  0, or -1 with the reason. */
int ke_spawn(struct ke_child *, const struct ke_spawn *, struct ke_err *);

/* Waits until each is done; what is left of a done child's process group is
 * killed.  0, or -1 with the reason where waiting itself failed. */
int ke_spawn_wait(struct ke_child *, size_t n, struct ke_err *);

/* ke_spawn and ke_spawn_wait for one; the caller frees c->output. */
int ke_run(struct ke_child *c, const struct ke_spawn *, struct ke_err *);

/* "exit 3", "SIGSEGV", "killed after 20 s": how it ended, in words. */
void ke_child_words(const struct ke_child *, char *out, size_t n);

/* The name of a signal such as SIGSEGV. */
const char *ke_signal_name(int);

/* Milliseconds, and seconds, of CLOCK_MONOTONIC. */
int64_t ke_now_ms(void);
double ke_now(void);

#endif
