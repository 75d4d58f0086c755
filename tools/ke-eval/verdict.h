/* What became of a candidate: a status, and in words why. */
#ifndef KE_EVAL_VERDICT_H
#define KE_EVAL_VERDICT_H

#include "record.h"

struct verdict {
	enum ke_status status;
	char code[32];
	char detail[400];
};

/* Sets it and returns -1, so that a failure can be said and passed on. */
int verdict_set(struct verdict *, enum ke_status, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
