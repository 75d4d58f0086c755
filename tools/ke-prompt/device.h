/* The GPU that candidates run on, in words. */
#ifndef DEVICE_H
#define DEVICE_H

#include "json.h"

/* What the record's env says of the device, and what the architecture that it
 * or the target names has; nothing where neither is known. */
void device_describe(struct ke_buf *, const cJSON *rec, const char *target);

#endif
