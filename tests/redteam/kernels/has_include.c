/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Asks the compiler whether a file is there. */
#include <stdint.h>

#if !__has_include("@SECRET@")
#error it is not there
#endif

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
}
