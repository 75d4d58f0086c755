/* A block's threads on one processor. */
#ifndef FAKE_BLOCK_H
#define FAKE_BLOCK_H

#include "device.h"

#define BLOCK_THREADS 1024u

/* Lanes of a warp, at most 64: the driver's own. */
extern const unsigned block_warp;

/* That which kernels see. */
extern struct fake_device fake;

/* Runs call(args) for each thread of fake.threads, as the block fake.block.
 * Does not return where they wait for each other for ever. */
void block_run(void (*call)(void **), void **args);

#endif
