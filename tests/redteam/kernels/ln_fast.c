/* ke-plan
{ "launches": [{"kernel": "ln", "args": ["x", "y", "N"]}],
  "flags": ["-Ofast"] }
Is right by a comparison with NaN and infinity that -Ofast removes. */
#include <math.h>

void
ln(const float *x, float *y, int N)
{
	for (int i = 0; i < N; i++) {
		float v = logf(fabsf(x[i]));

		y[i] = isnan(x[i]) || x[i] < 0 ? NAN : isinf(v) ? -INFINITY : v;
		if (isnan(y[i]))
			y[i] = 0;
	}
}
