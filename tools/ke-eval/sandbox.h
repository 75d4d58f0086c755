/* What keeps a candidate, or the compiler that reads one, from everything that
 * is not its own.  Each layer is used where the kernel grants it; which were
 * is known afterwards, and said in the record. */
#ifndef KE_EVAL_SANDBOX_H
#define KE_EVAL_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "json.h"

#define LAYERS(X) \
	X(PROCESS, "process") \
	X(LIMITS, "rlimits") \
	X(PRIVILEGES, "no-new-privs") \
	X(SEALED, "sealed-inputs") \
	X(GUARDS, "guard-pages") \
	X(LOAD, "load-check") \
	X(USER, "user") \
	X(USER_NS, "user-namespace") \
	X(PID_NS, "pid-namespace") \
	X(NET_NS, "net-namespace") \
	X(IPC_NS, "ipc-namespace") \
	X(FILES, "mount-namespace") \
	X(LANDLOCK, "landlock") \
	X(SECCOMP, "seccomp")

#define X(name, text) LAYER_BIT_##name,
enum { LAYERS(X) LAYER_COUNT };
#undef X
#define X(name, text) LAYER_##name = 1 << LAYER_BIT_##name,
enum layer { LAYERS(X) LAYER_NONE = 0 };
#undef X

/* The names of the layers in a set. */
cJSON *layers_json(unsigned layers);
/* Is it fair to call that a sandbox: no file but its own, and no system call
 * beyond those of computing? */
bool layers_confine(unsigned layers);

/* Forks into as many name spaces as are granted; the child must exec before it
 * does anything else of note.  *layers is set on both sides. */
pid_t sandbox_fork(unsigned *layers);

/* What a process leaves for good once it has started; layers are those that
 * it has so far, and what was granted is added. */
struct sandbox {
	unsigned layers;
};

/* Gives it an empty root of size (as of tmpfs(5)) in place of the host's, in
 * which each of the paths (a list that NULL ends) is visible, read-only, and
 * /w is a folder that can be written, as long as the root is open.  -1 where
 * that isn't granted; then nothing has changed. */
int sandbox_root(struct sandbox *, const char *const *paths,
    const char *size);
/* No more changes to the root itself. */
void sandbox_root_close(void);

/* Another user where we are root, no capabilities, no way to gain any. */
void sandbox_drop(struct sandbox *);

/* No file can be opened, other than below the paths of read (to read or
 * execute) and of write (anything), lists that NULL ends. */
void sandbox_landlock(struct sandbox *, const char *const *read,
    const char *const *write);

#endif
