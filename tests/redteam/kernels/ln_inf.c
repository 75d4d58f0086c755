/* ke-plan
{ "launches": [{"kernel": "ln", "args": ["x", "y", "N"]}] }
A large number where the reference is infinite. */
#include <math.h>

void
ln(const float *x, float *y, int N)
{
	for (int i = 0; i < N; i++)
		y[i] = x[i] == 0 ? -3e38f : logf(x[i]);
}
