/* The machine that this program runs on, in words. */
#ifndef HARDWARE_H
#define HARDWARE_H

#include "mem.h"

/* Processor, vector extensions, caches and cores, as far as /proc and /sys
 * tell. */
void hardware_describe(struct ke_buf *);

#endif
