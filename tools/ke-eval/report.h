/* Sections of an evaluation's JSON, ke-record(5). */
#ifndef KE_EVAL_REPORT_H
#define KE_EVAL_REPORT_H

#include "epoch.h"
#include "stats.h"
#include "verifier.h"

/* Adds an object for the case to cases: set and dims. */
cJSON *report_case(const struct epoch *, size_t layout, cJSON *cases);
/* status, and where it isn't pass, code and detail. */
void report_verdict(cJSON *, const struct verdict *);
/* errors, by output. */
void report_errors(const struct epoch *, cJSON *, const struct answer *);
void report_interval(cJSON *, const char *name, const struct interval *);
/* compile. */
/* trust and layers, from the layers of the candidate's sandbox. */
void report_trust(cJSON *eval, const struct target *, unsigned layers);
void report_compile(cJSON *eval, const struct program *);

#endif
