/* ke-plan
{ "launches": [{"kernel": "root", "args": ["x", "y", "M", "N"]}] } */
#include <math.h>

void
root(const float *restrict x, float *restrict y, int M, int N)
{
	for (int i = 0; i < M * N; i++)
		y[i] = sqrtf(x[i]);
}
