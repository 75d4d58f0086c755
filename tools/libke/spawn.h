/* Children run by argv, watched by clock, reported in full. */
#ifndef KE_SPAWN_H
#define KE_SPAWN_H

#include <poll.h>
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

#define KE_SPAWN_FDS 8

struct ke_spawn {
	char *const *argv; /* argv[0] is looked up in PATH */
	char *const *envp; /* NULL: our own */
	const char *dir;   /* NULL: our own */
	int timeout_ms;    /* then its process group is killed */
	size_t output_max; /* bytes of stdout and stderr that are kept */
	const struct ke_limit *limits;
	size_t n_limits;
	/* Written to its standard input, and kept by the caller until it is
	 * done; NULL: /dev/null.  SIGPIPE must be ignored. */
	const char *input;
	size_t input_n;
	bool stderr_apart; /* stderr is ours, and no part of output */
	const char *file;  /* executed in place of what argv[0] names */
	const int *fds;    /* of ours that become its 3, 4, ... */
	size_t n_fds; /* at most KE_SPAWN_FDS */
	pid_t (*fork)(void *); /* called with fork_arg in place of fork(2) */
	void *fork_arg;
};

/* A child that runs, or has run.  output is its stdout and stderr together;
 * status that of waitpid(2), valid once done (exit 127 where the system has
 * lost it). */
struct ke_child {
	pid_t pid;
	int pidfd, out, in;
	const char *input; /* what is still to be written */
	size_t input_n;
	int64_t deadline; /* ms of CLOCK_MONOTONIC */
	size_t output_max;
	struct ke_buf output;
	int status;
	bool done, timed_out, cut;
};

/* Starts it in a process group of its own, with no descriptor of ours beyond
 * the first three and those named.  It dies with the thread that calls, though
 * not what it has started itself.  0, or -1 with the reason; a program that
 * can't be run exits with 127. */
int ke_spawn(struct ke_child *, const struct ke_spawn *, struct ke_err *);

/* Waits until each is done; what is left of a done child's process group is
 * killed.  0, or -1 with the reason where waiting itself failed. */
int ke_spawn_wait(struct ke_child *, size_t n, struct ke_err *);

/* For a loop that waits for other things too: fills in what to poll for, and
 * lowers *timeout_ms (-1: none) to what it needs ... */
#define KE_CHILD_POLL 3
void ke_child_poll(const struct ke_child *, struct pollfd[KE_CHILD_POLL],
    int *timeout_ms);
/* ... and moves the child on without waiting; true once it is done. */
bool ke_child_step(struct ke_child *);

/* Kills its process group; it is done at a later step. */
void ke_child_kill(struct ke_child *);

/* ke_spawn and ke_spawn_wait for one; the caller frees c->output. */
int ke_run(struct ke_child *c, const struct ke_spawn *, struct ke_err *);

/* "exit 3", "SIGSEGV", "killed at its deadline": how it ended, in words. */
void ke_child_words(const struct ke_child *, char *out, size_t n);

/* The name of a signal such as SIGSEGV. */
const char *ke_signal_name(int);

/* From here on so many descriptors, if we may have them: how many it is.  No
 * more than are needed, for some programs close all that there could be. */
rlim_t ke_raise_descriptors(rlim_t);

/* Milliseconds, and seconds, of CLOCK_MONOTONIC. */
int64_t ke_now_ms(void);
double ke_now(void);

#endif
