/* What ke-gen's backends share: the table they stand in, and how a record that
 * was taken ends. */
#ifndef GEN_H
#define GEN_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "llm.h"
#include "op.h"

struct gen {
	const struct backend *backend;
	const char *arg; /* what stands behind the backend's name and colon */
	int64_t seed, in_flight;
	double timeout; /* seconds; 0: not said */
	bool quiet, verbose;
	struct llm_options llm;
	bool line; /* the terminal shows how far we are */
	void *state; /* the backend's own */
	struct gen_op *ops;
	size_t busy; /* records taken and not ended */
	int status;
	bool gone; /* nobody reads our output any more */
};

/* A record that was taken.  where is "file:line". */
struct job {
	cJSON *rec;
	char *where;
	double since; /* ke_now() */
};

struct backend {
	const char *name;
	/* What stands behind the colon, in brackets where it may be left
	 * out; NULL for nothing. */
	const char *takes;
	/* Makes state: 0, or 2 or 111, the exit status, with the reason. */
	int (*open)(struct gen *, struct ke_err *);
	/* Takes the job over and ends it by gen_end, now or in a step. */
	void (*take)(struct gen *, struct job);
	/* The rest may be NULL.  Sees a record that passes as it is. */
	void (*pass)(struct gen *, const cJSON *rec);
	/* Adds what to poll for to the array of struct pollfd, and lowers
	 * *timeout_ms (-1: none). */
	void (*watch)(struct gen *, struct ke_buf *polls, int *timeout_ms);
	/* Moves on what is in flight, without waiting. */
	void (*step)(struct gen *);
	/* The end, before which jobs may be left: nothing may go on running. */
	void (*close)(struct gen *);
};

extern const struct backend backend_tune, backend_exec, backend_mailbox,
    backend_replay, backend_anthropic, backend_openai, backend_responses,
    backend_gemini;

/* Takes every record of the files and returns the exit status. */
int gen_loop(struct gen *, char **files);

/* Writes on the terminal how far we are, over what was there; clears it, before
 * anything else is written. */
void gen_show(struct gen *, const char *words);
void gen_clear(struct gen *);

/* Writes the record without its context and frees the job. */
void gen_end(struct gen *, struct job *);

/* As gen_end, after adding an error section. */
void gen_fail(struct gen *, struct job *, const char *code, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* The operator of that name (NULL: none is an error), read once; NULL with
 * the reason.  Borrowed. */
const struct ke_op *gen_operator(struct gen *, const char *name,
    struct ke_err *);

/* Adds the gen section, with what made the answer and the record's key, and
 * returns it. */
cJSON *gen_section(cJSON *rec, const struct gen *, const char *model);

/* Adds to the gen section the seconds since the job began (whole
 * milliseconds), attempts 1 and finish. */
void gen_spent(const struct job *, const char *finish);

/* Adds source, choice (may be NULL) and fingerprint.  defaults is the plan's
 * own choice, or NULL where there is none. */
void gen_candidate(cJSON *rec, const char *source, const cJSON *choice,
    const cJSON *defaults);

/* Gives a job that has a gen section the candidate in the text of an answer:
 * true; or false, where there is none that can be used, with the reason.  The
 * job goes on. */
bool gen_try(struct gen *, struct job *, const char *text, size_t n,
    struct ke_err *);

/* The same of a candidate's file, about which said says something. */
bool gen_file(struct gen *, struct job *, const char *source,
    const char *said, struct ke_err *);

/* Ends the job after gen_try, where that found nothing with error no_candidate
 * and gen.answer. */
void gen_answer(struct gen *, struct job *, const char *text, size_t n);

/* The name of what the record's answer depends on: 32 hexadecimal digits. */
#define GEN_KEY 33
void gen_key(const cJSON *rec, char out[GEN_KEY]);

/* The prompt's messages as plain text; false where the record has none. */
bool gen_prompt(const cJSON *rec, struct ke_buf *);

#endif
