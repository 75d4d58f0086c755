/* The device: a thread that does, one after the other, what was queued. */
#ifndef FAKE_QUEUE_H
#define FAKE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../tools/ke-eval/gpu_api.h"
#include "module.h"

struct event {
	uint64_t recorded; /* its place among all work, from 1 on */
	double at; /* s of work on the device, when it came to it */
};

/* What the device has come to: 0, or the code that every call ends in from
 * then on. */
int queue_code(void);
/* Sets it. */
void queue_break(int code);

/* What the driver does about a kernel that ended so; then it returns. */
void queue_fault(int code);

int queue_launch(struct kernel *, const struct gpu_config *, void **args);
int queue_record(struct event *);

/* Did the device come to it, or break before? */
bool queue_is_done(const struct event *);

/* Waits until all is done; the code. */
int queue_wait(void);

#endif
