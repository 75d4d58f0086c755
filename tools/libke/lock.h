/* The locks of what is measured on, by name: "cpu", the processors, and one a
 * GPU.  Who measures holds it alone, who only makes noise (a compiler) holds it
 * together with others.  Advisory, across users and processes: flock(2) on
 * /tmp/ke-NAME.lock.  Who waits to be alone is
 * passed by nobody, so a stream of compilers can't keep a measurement out. */
#ifndef KE_LOCK_H
#define KE_LOCK_H

#include <stdbool.h>

#include "mem.h"

/* Waits for the lock and returns the descriptor that holds it (O_CLOEXEC), or
 * -1 with the reason.  A forked child that still has the descriptor open
 * doesn't prolong it: ke_unlock ends the lock for all of them. */
int ke_lock(const char *name, bool exclusive, struct ke_err *);
int ke_lock_cpu(bool exclusive, struct ke_err *);

/* Ends the lock and closes the descriptor; -1 is none. */
void ke_unlock(int fd);

#endif
