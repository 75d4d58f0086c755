/* ke-plan
{ "launches": [{"kernel": "near_zero", "args": ["x", "y", "M", "N"]}] } */
#include <math.h>

void
near_zero(const float *restrict x, float *restrict y, int M, int N)
{
	for (int i = 0; i < M; i++, x += N, y += N) {
		float m = x[0];
		double s = 0;

		for (int j = 1; j < N; j++)
			m = x[j] > m ? x[j] : m;
		for (int j = 0; j < N; j++)
			s += y[j] = expf(x[j] - m);
		for (int j = 0; j < N; j++)
			y[j] /= s;
	}
}
