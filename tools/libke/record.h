/* The one place that knows the shape of a record: ke-record(5). */
#ifndef KE_RECORD_H
#define KE_RECORD_H

#include "json.h"

/* Statuses of an evaluation, in order of precedence over the cases. */
#define KE_STATUSES(X) \
	X(PLAN_ERROR, "plan_error") \
	X(COMPILE_ERROR, "compile_error") \
	X(PROTOCOL, "protocol") \
	X(FAULT, "fault") \
	X(HUNG, "hung") \
	X(TIMEOUT, "timeout") \
	X(WRONG, "wrong") \
	X(IMPRECISE, "imprecise") \
	X(NONDETERMINISTIC, "nondeterministic") \
	X(INVALID, "invalid") \
	X(THROTTLED, "throttled") \
	X(NOISY, "noisy") \
	X(LOST, "lost") \
	X(QUARANTINED, "quarantined") \
	X(PASS, "pass")

#define KE_STATUS_ENUM(name, text) KE_##name,
enum ke_status { KE_STATUSES(KE_STATUS_ENUM) KE_STATUS_COUNT };
#undef KE_STATUS_ENUM

const char *ke_status_name(enum ke_status);

/* The status of that name, or KE_STATUS_COUNT. */
enum ke_status ke_status_find(const char *name);

/* May a later evaluation of the same candidate say something else?  Such
 * results are never taken as known. */
bool ke_status_passing(enum ke_status);

/* Are the sections there of the right type?  0, or -1 with the section. */
int ke_record_check(const cJSON *, struct ke_err *);

/* Is it a lighter form rather than a record on its way to the store? */
bool ke_record_is_mark(const cJSON *, const char *mark);

/* Does it carry an error section, so that stages pass it on? */
bool ke_record_failed(const cJSON *);

/* Adds the error section. */
void ke_record_error(cJSON *, const char *tool, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#define KE_FINGERPRINT 33 /* bytes, with the terminator */

/* Name of a candidate: of its source and of the choice (may be NULL) as far
 * as it differs from defaults, the plan's own (may be NULL). */
void ke_fingerprint(const char *source, const cJSON *choice,
    const cJSON *defaults, char out[KE_FINGERPRINT]);

/* The choice as the fingerprint sees it: names sorted, without values that
 * equal the defaults.  The caller deletes. */
cJSON *ke_choice_canonical(const cJSON *choice, const cJSON *defaults);

#endif
