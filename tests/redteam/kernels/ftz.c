/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Flushes denormals to zero, for all who come after. */
#include <xmmintrin.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	_mm_setcsr(_mm_getcsr() | 0x8040);
}
