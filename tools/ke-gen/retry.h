/* What is worth another attempt, and when. */
#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>

#define RETRY_FIRST 1.0 /* seconds: the bound of the first wait ... */
#define RETRY_MOST 60.0 /* ... which doubles up to this */
#define RETRY_PAID 2 /* attempts more, after answers that may cost something */

/* Is a request that was refused with this HTTP status worth another attempt? */
bool retry_status(long status);

/* Does this kind of error (a type, code or status in a server's words, or
 * NULL) pass by itself? */
bool retry_kind(const char *kind);

/* Does it say that more of the same will never help? */
bool retry_never(const char *kind);

/* Does a failure of the connection (a CURLcode) pass by itself? */
bool retry_connection(int code);

/* Seconds to wait before attempt n + 1, n >= 1, given a number drawn from
 * [0, 1) and what the server asked for (negative: nothing). */
double retry_wait(int n, double drawn, double asked);

#endif
