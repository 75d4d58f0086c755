/* What each call of the driver begins with. */
#ifndef FAKE_CALL_H
#define FAKE_CALL_H

#include "names.h"
#include "queue.h"

#define X(name, symbol, args) int symbol args;
GPU_API(X)
#undef X

/* What a vendor's driver is. */
extern const struct face {
	const char *init; /* the call that opens it */
	int version;
	unsigned machine; /* of its objects */
	unsigned char uuid[17];
	bool fd_by_address; /* of memory to import */
} face;

/* What the call ends in before it has begun: a fault, or what the device has
 * come to; or 0. */
int call_begins(const char *call, const char *argument);

#define BEGIN() do { \
		int code_ = call_begins(__func__, NULL); \
\
		if (code_ != 0) \
			return code_; \
	} while (0)

#endif
