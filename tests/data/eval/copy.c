/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Copies an input. */
#include <string.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	memcpy(z, x, N * sizeof(*z));
}
