/* Runs that come from another store. */
#ifndef IMPORT_H
#define IMPORT_H

#include "db.h"
#include "json.h"

/* The run that export's line mark stands for, made where it isn't there; name
 * (may be NULL) is what it shall be called here.  Its name, which the caller
 * frees; NULL with the reason. */
char *import_run(struct store *, const cJSON *mark, const char *name,
    struct ke_err *);

#endif
