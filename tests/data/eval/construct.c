/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Leaves while it is loaded. */
#include <unistd.h>

__attribute__((constructor)) static void
leave(void)
{
	_exit(0);
}

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
}
