/* Contents by their SHA-256: those under 64 KB are rows of the database, the
 * larger ones files of objects/, named by the hash. */
#ifndef OBJECT_H
#define OBJECT_H

#include "db.h"
#include "hash.h"

#define OBJECT_FILE 65536 /* bytes, from which on contents are a file */

/* s is NULL where there is none. */
struct object {
	char *s; /* owned */
	size_t n;
	bool shared; /* kept once, however many nodes have it */
	char hash[KE_SHA256_HEX];
};

/* Takes the text (NULL for none) and computes its hash; a large one is
 * written to its file at once, outside of any transaction, and gc kept from it
 * until the next commit. */
void object_make(struct store *, struct object *, char *text);
void object_free(struct object *);

/* Its number in the database, where it is put if it isn't there; 0 for none.
 * Within a transaction. */
int64_t object_keep(struct store *, const struct object *);

/* The contents (terminated; the caller frees), or NULL with the reason where
 * the file is missing or torn. */
char *object_text(struct store *, int64_t object, struct ke_err *);

/* Where the file of that hash is.  The caller frees. */
char *object_path(const struct store *, const char *hash);

/* The lock of the folder of files, shared by those who write them until their
 * rows are committed, and alone for gc.  A descriptor; ends the program where
 * it can't be had. */
int objects_lock(const struct store *, bool alone);

/* Does the object hold what its hash says?  0, or -1 with the reason. */
int object_check(struct store *, const char *hash, int64_t size,
    const void *body, struct ke_err *);

#endif
