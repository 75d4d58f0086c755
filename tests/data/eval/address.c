/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
The last bit depends on the address. */
#include <string.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	uint32_t bits;

	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	memcpy(&bits, z + N / 2, 4);
	bits ^= bits != 0 && ((uintptr_t)z >> 12 & 1);
	memcpy(z + N / 2, &bits, 4);
}
