/* Lines in, records out.  A reader waits for input and watches the reader of
 * its own output at once, so that a pipe whose end died ends. */
#ifndef KE_STREAM_H
#define KE_STREAM_H

#include <sys/types.h>

#include "json.h"
#include "mem.h"

#define KE_LINE_MAX ((size_t)256 << 20) /* bytes; a longer line is an error */

enum ke_read {
	KE_READ_ERROR = -1,
	KE_READ_EOF = 0,
	KE_READ_LINE = 1,
	KE_READ_TIMEOUT = 2,
	KE_READ_GONE = 3, /* nobody reads our standard output any more */
};

struct ke_input {
	int fd;
	const char *name;
	size_t line; /* number of the line last returned, from 1 */
	struct ke_buf buf;
	size_t at, scanned;
	int eof;
};

/* Opens path, or standard input for NULL and "-".  0, or -1 with the reason. */
int ke_input_open(struct ke_input *, const char *path, struct ke_err *);
void ke_input_close(struct ke_input *);

/* The next line, without its end and terminated, valid until the next call.
 * timeout in ms, -1 for none; a signal ends the wait as the timeout does.  The
 * last line may lack its newline. */
enum ke_read ke_input_line(struct ke_input *, char **line, size_t *n,
    int timeout_ms, struct ke_err *);

/* Is the reader of standard output gone?  Never waits. */
int ke_output_gone(void);

/* From here on the process exits quietly as soon as nobody reads its standard
 * output, also in the middle of long work: a thread waits for that.  For tools
 * whose children die with them. */
void ke_output_watch(void);

/* Prints v as one line on standard output and flushes.  0, or -1 where it
 * could not be written; where the reader is gone the process exits with 0. */
int ke_emit(const cJSON *v, struct ke_err *);

/* Ends standard output: 0, or 111 after a message in e where not all of it
 * was written, though somebody reads it. */
int ke_closeout(struct ke_err *);

#endif
