/* Numbers from options. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "num.h"

int
ke_num_int(const char *s, int64_t min, int64_t max, int64_t *out,
    struct ke_err *e)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(s, &end, 10);
	if (end == s || *end != '\0' || isspace((unsigned char)*s))
		return ke_fail(e, "%s: not a whole number", s);
	if (errno == ERANGE || v < min || v > max)
		return ke_fail(e, "%s: not within %lld to %lld", s,
		    (long long)min, (long long)max);
	*out = v;
	return 0;
}

int
ke_num_real(const char *s, double min, double max, double *out,
    struct ke_err *e)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || *end != '\0' || isspace((unsigned char)*s))
		return ke_fail(e, "%s: not a number", s);
	if (!(v >= min && v <= max))
		return ke_fail(e, "%s: not within %g to %g", s, min, max);
	*out = v;
	return 0;
}
