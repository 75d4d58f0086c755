/* ke-plan
{ "launches": [{"kernel": "ln", "args": ["x", "y", "N"]}] }
Honest: NaN and infinity where they belong. */
#include <math.h>

void
ln(const float *x, float *y, int N)
{
	for (int i = 0; i < N; i++)
		y[i] = (float)log(x[i]);
}
