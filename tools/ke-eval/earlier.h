/* -C: earlier results, from a file of records, and which of them is of the
 * same candidate. */
#ifndef KE_EVAL_EARLIER_H
#define KE_EVAL_EARLIER_H

#include "op.h"

struct earlier {
	const char *path;
	size_t n;
	struct earlier_result {
		cJSON *rec;
		size_t line;
	} *of;
};

/* Reads the records with an eval.  0, or -1 with "PATH:LINE: why" where a line
 * is no record. */
int earlier_read(struct earlier *, const char *path, struct ke_err *);
void earlier_free(struct earlier *);

/* The result for a candidate, whose op and target are set; set is that of the
 * timed cases.  Of several the last of those that match best: the same source
 * and choice, else the same name, else the same name in another folder.  *by
 * says which ("fingerprint" or "name"); NULL where there is none. */
const struct earlier_result *earlier_find(const struct earlier *,
    const cJSON *rec, const struct ke_op *, const char *dtype,
    const char *set, const char **by);

#endif
