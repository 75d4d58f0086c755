/* Files that are read whole and made whole, and the places where ours lie. */
#ifndef KE_FILE_H
#define KE_FILE_H

#include "mem.h"

/* Adds what the file holds, at most max bytes.  0, or -1 with "PATH: why". */
int ke_file_read(const char *path, size_t max, struct ke_buf *,
    struct ke_err *);

/* Writes a temporary file beside path, syncs it, renames it.  0; or -1 with
 * "PATH: why", and path as it was. */
int ke_file_write(const char *path, const void *, size_t n, struct ke_err *);

/* As mkdir -p.  0, or -1 with the part that couldn't be made and why. */
int ke_file_mkdirs(const char *path, struct ke_err *);

/* $XDG_CACHE_HOME/ke/SUB (or ~/.cache/ke/SUB), made where it is missing.  The
 * caller frees; NULL with the reason. */
char *ke_cache_dir(const char *sub, struct ke_err *);

/* The folder share of this program: the source tree it was built in, or
 * PREFIX/share/ke beside the folder that it was installed to, whichever holds
 * name ("ops", "kb").  The caller frees; NULL where there is none. */
char *ke_share_dir(const char *name);

#endif
