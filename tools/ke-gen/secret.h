/* What must not be told: keys come from the environment, and go from there to
 * headers, nowhere else. */
#ifndef SECRET_H
#define SECRET_H

#include "mem.h"

/* Keeps this process's memory out of cores and from other processes of the
 * user. */
void secret_guard(void);

/* The value of an environment variable, remembered as a secret, or NULL with
 * the reason.  Borrowed. */
const char *secret_take(const char *name, struct ke_err *);

/* Adds text in which $NAME and ${NAME} are replaced by secrets.  0, or -1 with
 * the reason. */
int secret_expand(struct ke_buf *, const char *text, struct ke_err *);

/* Removes what was taken from the environment, so that no child inherits it. */
void secret_forget(void);

/* Replaces secrets in text that somebody else wrote, in place. */
void secret_hide(char *text);

#endif
