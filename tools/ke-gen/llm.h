/* The options of the backends that ask a model over the network. */
#ifndef LLM_H
#define LLM_H

#include "server.h"

struct llm_options {
	struct server_options server;
	const char *models, *temperatures;
	cJSON *params;   /* of -p, or NULL */
	bool whole;      /* no stream */
	double deadline; /* seconds for a record, or 0 */
	int64_t calls;   /* of tools, at most; 0: no tools */
	bool may_evaluate;
	int given;       /* the last letter that was given, or 0 */
};

/* Their letters, for getopt(3). */
#define LLM_LETTERS "a:c:D:eH:k:m:M:p:r:R:st:u:"

/* Takes one: 0, or -1 with the reason. */
int llm_option(struct llm_options *, int letter, const char *arg,
    struct ke_err *);

#endif
