/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Looks for what the environment tells, and says so. */
#include <stdlib.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	volatile int zero = 0;

	if (getenv("REDTEAM") != NULL)
		z[0] = N / zero;
}
