/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
The last bit depends on the moment. */
#include <string.h>
#include <time.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	uint32_t bits;
	struct timespec t;

	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	clock_gettime(CLOCK_MONOTONIC, &t);
	memcpy(&bits, z + N / 2, 4);
	bits ^= bits != 0 && (t.tv_nsec / 64 & 1);
	memcpy(z + N / 2, &bits, 4);
}
