/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Aborts. */
#include <stdlib.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	abort();
}
