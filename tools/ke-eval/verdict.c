/* What became of a candidate. */
#include <stdio.h>

#include "verdict.h"

int
verdict_set(struct verdict *v, enum ke_status status, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	v->status = status;
	snprintf(v->code, sizeof(v->code), "%s", code);
	va_start(ap, fmt);
	vsnprintf(v->detail, sizeof(v->detail), fmt, ap);
	va_end(ap);
	ke_tidy(v->detail);
	return -1;
}
