/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Writes zeros. */
#include <string.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	memset(z, 0, N * sizeof(*z));
}
