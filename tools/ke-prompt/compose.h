/* The prompt for one record: which parts it has, and in which order. */
#ifndef COMPOSE_H
#define COMPOSE_H

#include "diagnosis.h"
#include "operator.h"
#include "retrieve.h"
#include "sections.h"

/* What a prompt is about, beside the record. */
struct subject {
	const struct language *language;
	const struct operator_text *op;
	const struct diagnosis *diagnosis;
	const struct ke_buf *machine; /* its description */
};

/* The documents for the record, as retrieve() gives them; none where the
 * ranking was not opened. */
size_t compose_retrieve(struct ranking *, const cJSON *rec,
    const struct subject *, struct pick **);

/* Adds every section, in order; picks is borrowed by them. */
void compose(struct sections *, const cJSON *rec, const struct subject *,
    const struct pick *, size_t n);

#endif
