/* The folder of one generation: all that its tools reach.  Names lead nowhere
 * else: neither by .., nor by a link, nor from the root. */
#ifndef FOLDER_H
#define FOLDER_H

#include "mem.h"

#define FOLDER_FILE_MAX ((size_t)1 << 20) /* bytes */
#define FOLDER_FILES_MAX 32               /* beside those below op/ */

struct folder {
	char *path; /* absolute */
	int fd;
};

/* Makes it below $TMPDIR, for us alone, with an empty folder op in it; there
 * it stays if we are killed.  0, or -1 with the reason. */
int folder_open(struct folder *, struct ke_err *);

/* Removes it with all that it holds. */
void folder_close(struct folder *);

/* Adds what the file holds.  0, or -1 with "NAME: why". */
int folder_read(const struct folder *, const char *name, struct ke_buf *,
    struct ke_err *);

/* Makes the file, or writes it anew.  0, or -1 with "NAME: why". */
int folder_write(const struct folder *, const char *name, const void *,
    size_t n, struct ke_err *);

/* Is the name one that a model may write to: letters, digits and . _ -, not
 * with a dot in front, at most 64 of them?  0, or -1 with the reason. */
int folder_check(const char *name, struct ke_err *);

/* Adds the names of the files, a line for each, sorted. */
void folder_list(const struct folder *, struct ke_buf *);

#endif
