/* The loop of every filter.  The one part of libke that is a command: it names
 * bad lines on stderr, as every tool must in the same way. */
#ifndef KE_FILTER_H
#define KE_FILTER_H

#include "json.h"

/* What each() may answer beside 0. */
enum { KE_FILTER_REFUSED = 1, KE_FILTER_FAILED = 111 };

/* Calls each() for every record of the files in argv (standard input where
 * there are none); each() emits, and does not keep rec.  where is
 * "file:line".  A line that is no record is named and skipped.  Returns the
 * exit status: 0, 1 where a line or file was refused, 111 where each() said
 * the system failed or standard output could not be written (said on stderr).
 * Returns early where nobody reads our output any more; *gone (may be NULL) is
 * then 1. */
int ke_filter(char **argv, int (*each)(cJSON *rec, const char *where,
    void *arg), void *arg, int *gone);

/* Ignores SIGPIPE (writes then fail with EPIPE).  ke_filter calls it. */
void ke_filter_signals(void);

/* Reads the line's record: NULL after a message on stderr. */
cJSON *ke_filter_parse(const char *line, size_t n, const char *where);

/* Emits and, where that fails, says so: 0 or KE_FILTER_FAILED. */
int ke_filter_emit(const cJSON *);

/* The end of every main(): closes standard output and returns the larger of
 * status and what that gave. */
int ke_filter_end(int status);

#endif
