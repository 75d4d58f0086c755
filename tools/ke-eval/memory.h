/* Buffers that parent, verifier and runners share: two kinds of memfd.  Inputs
 * are written by the parent and sealed, so that a runner, whose descriptor is
 * read-only, can neither write nor map them writable.  Outputs are written by
 * the runner of one side and poisoned by the parent before each segment.
 *
 * A tensor lies in whole pages of its own, pushed to their end (so that an
 * overrun meets the guard page behind, or the canary of less than 64 bytes
 * between) or, flipped, to their start (so that an underrun meets the one
 * before).  Data always begin at a multiple of 64 bytes. */
#ifndef KE_EVAL_MEMORY_H
#define KE_EVAL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"
#include "wire.h"

struct file {
	int fd;    /* read-write, the parent's */
	char *map; /* the parent's and the verifier's */
	size_t bytes, used;
};

/* An empty file of at most bytes; memory is used as it is touched. */
int file_open(struct file *, size_t bytes, struct ke_err *);
void file_close(struct file *);

/* Seals it against writes by anybody but us, and opens it for reading. */
int file_seal(struct file *, struct ke_err *);

/* Gives its pages back; what is touched then gets others. */
int file_renew(struct file *, struct ke_err *);

/* Where a tensor of so many bytes begins in its whole pages. */
uint64_t file_data(uint64_t bytes, uint64_t pages, bool flip);

/* Room for a tensor.  -1 where the file is full. */
int file_place(struct file *, uint64_t bytes, bool output, bool flip,
    struct wire_region *, struct ke_err *);

/* The first byte of the tensor, in our own map. */
void *file_at(const struct file *, const struct wire_region *);

/* Fills everything in use with one of several patterns that are wrong as any
 * type: random finite bits, or NaNs. */
void file_poison(struct file *, uint64_t key);

/* Were the bytes around the tensor of that length left as poisoned? */
bool file_canary_whole(const struct file *, const struct wire_region *,
    uint64_t bytes, uint64_t key);

#endif
