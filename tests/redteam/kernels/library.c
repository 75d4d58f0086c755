/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Loads another library, and says so. */
#include <dlfcn.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	volatile int zero = 0;

	if (dlopen("libresolv.so.2", RTLD_NOW) != NULL)
		z[0] = N / zero;
}
