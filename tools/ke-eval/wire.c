/* Is it a reply? */
#include <string.h>

#include "wire.h"

int
wire_check(const void *from, size_t n, struct wire_reply *r)
{
	if (n != sizeof(*r))
		return -1;
	memcpy(r, from, sizeof(*r));
	if (r->magic != WIRE_MAGIC || r->kind < WIRE_LOADED ||
	    r->kind > WIRE_EXITED)
		return -1;
	/* words for a log, whatever they are */
	r->why[sizeof(r->why) - 1] = '\0';
	return 0;
}
