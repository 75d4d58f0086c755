/* What ke-gen's backends share: one table of them, one way to end a record. */
#ifndef GEN_H
#define GEN_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"

struct gen {
	const struct backend *backend;
	const char *arg; /* what stands behind the backend's name and colon */
	int64_t seed;
	bool quiet, verbose;
	void *state; /* the backend's own */
};

struct backend {
	const char *name;
	const char *takes; /* what stands behind the colon, or NULL */
	/* Makes state, or -1 with the reason. */
	int (*open)(struct gen *, struct ke_err *);
	/* Gives the record a candidate or an error section. */
	void (*take)(struct gen *, cJSON *rec);
	/* Sees a record that passes with its candidate; may be NULL. */
	void (*pass)(struct gen *, const cJSON *rec);
};

extern const struct backend backend_tune;

/* Adds source, choice (may be NULL) and fingerprint.  defaults is the plan's
 * own choice, or NULL where there is none. */
void gen_candidate(cJSON *rec, const char *source, const cJSON *choice,
    const cJSON *defaults);

/* Adds the gen section and returns it. */
cJSON *gen_section(cJSON *rec, const struct gen *, const char *model);

#endif
