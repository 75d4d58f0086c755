/* A question on its way: sent as soon as limits and budget allow, again where
 * that helps, until there is an answer or its time is up. */
#ifndef ASK_H
#define ASK_H

#include "hear.h"
#include "server.h"

struct ask {
	/* How it ended: code NULL for an answer, which is in hearing.reply;
	 * else an error code of ke-gen(1), why, and what had come. */
	const char *code;
	struct ke_err why;
	struct hearing hearing;
	int attempts;       /* requests sent */
	struct usage usage; /* of all of them, as far as servers said */
	cJSON *retries;     /* array of {seconds, status, why}, or NULL */

	/* private */
	struct server *server;
	void (*done)(void *ctx, struct ask *);
	void *ctx;
	struct http_request request;
	struct question question;
	char *url;
	char *body; /* NULL once it was sent: prompts are long, and answers
	    take minutes */
	size_t body_n;
	char *model;
	int64_t out_max; /* tokens, or -1 */
	double estimate; /* tokens, that limits were told */
	double deadline; /* ke_now(); 0 before the first attempt */
	double due;      /* of the next attempt */
	double heard;    /* ke_now() when something came */
	int paid;        /* attempts that may have cost something, in vain */
	bool held;
	struct cost worst;
};

/* What the question points to stays as it is until the ask has ended.  done()
 * is called from a later ask_step; the ask is then the callee's, to free. */
struct ask *ask_start(struct server *, const struct question *,
    void (*done)(void *ctx, struct ask *), void *ctx);

/* Ends one that goes on, without done(); what it has cost is counted. */
void ask_stop(struct ask *);

/* Stops it first. */
void ask_free(struct ask *);

/* Adds what to poll for, and lowers *timeout_ms (-1: none). */
void ask_watch(const struct server *, struct ke_buf *polls, int *timeout_ms);

/* Moves all on, without waiting. */
void ask_step(struct server *);

#endif
