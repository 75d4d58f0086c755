/* Signals that end us, as something to poll for: what we started, in process
 * groups that a terminal's interrupt doesn't reach, must end first. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "mem.h"

/* A descriptor that can be read when one came; or -1 with the reason. */
int signals_open(struct ke_err *);

/* The signal that came, or 0. */
int signals_take(int fd);

/* Ends us as the signal would have. */
void signals_die(int sig);

#endif
