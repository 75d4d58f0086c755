/* ke-plan
{ "launches": [{"kernel": "ln", "args": ["x", "y", "N"]}] } */
#include <math.h>

void
ln(const float *restrict x, float *restrict y, int N)
{
	for (int i = 0; i < N; i++)
		y[i] = logf(x[i]);
}
