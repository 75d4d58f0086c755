/* What passes found about the last candidates, so that one that comes again
 * (to be confirmed, say) costs nothing. */
#ifndef KE_KEPT_H
#define KE_KEPT_H

#include "hash.h"
#include "json.h"

#define KEPT_MAX 64

struct kept {
	size_t next;
	struct kept_entry {
		char key[KE_SHA256_HEX];
		cJSON *found; /* by name of the pass: its outcome and members */
	} entries[KEPT_MAX];
};

/* What is kept for the text (that of struct job's request): an object that the
 * caller adds to, which lives until KEPT_MAX others were asked for. */
cJSON *kept_for(struct kept *, const char *text);

#endif
