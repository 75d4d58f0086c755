/* So many a minute. */
#include <math.h>

#include "limit.h"

double
limit_wait(const struct limit *l, double now)
{
	return l->per_second > 0 ? fmax(0, l->next - now) : 0;
}

void
limit_take(struct limit *l, double now, double n)
{
	if (l->per_second > 0)
		l->next = fmax(l->next, now) + n / l->per_second;
}

void
limit_correct(struct limit *l, double n)
{
	if (l->per_second > 0)
		l->next += n / l->per_second;
}
