/* System call filters (libseccomp).  What they don't allow kills the process
 * with SIGSYS. */
#ifndef KE_EVAL_SYSCALLS_H
#define KE_EVAL_SYSCALLS_H

#include <linux/filter.h>
#include <stdbool.h>

/* Of a process that loads a candidate and then waits for go. */
struct sock_fprog *filter_loading(void);
/* Of a candidate that runs: memory, and words on the descriptor fd.  Where it
 * is alone in its pid name space it may also kill itself, as abort(3) does. */
struct sock_fprog *filter_running(int fd, bool alone);
/* Of a compiler: not kept from files and processes, but from the network, from
 * other processes and from the kernel's rarer doors. */
struct sock_fprog *filter_compiling(void);

/* For all threads of this process, for good.  -1 where it isn't granted. */
int filter_install(const struct sock_fprog *);

#endif
