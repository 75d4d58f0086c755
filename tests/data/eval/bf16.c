/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Cuts to bf16. */
#include <string.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++) {
		float v = a[0] * x[i] + y[i];
		uint32_t bits;

		memcpy(&bits, &v, 4);
		bits &= 0xffff0000;
		memcpy(&z[i], &bits, 4);
	}
}
