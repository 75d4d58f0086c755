/* One invocation: what was asked for, and what is known. */
#ifndef KE_SELECT_SESSION_H
#define KE_SELECT_SESSION_H

#include "search.h"
#include "stop.h"

#define OVER 3 /* exit status: the search is over */

struct session {
	struct search search;
	struct stop stop;
	int64_t count;    /* expansions, where not following */
	int64_t inflight; /* 0 where not following */
	bool live, gone, quiet, verbose;
};

/* Fills the places in flight.  0, OVER, or 111 where the system failed. */
int session_follow(struct session *);

/* Writes the expansions that -n asks for; else likewise. */
int session_step(struct session *);

#endif
