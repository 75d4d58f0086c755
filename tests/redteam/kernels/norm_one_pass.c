/* ke-plan
{ "launches": [{"kernel": "norm", "grid": ["M"],
    "args": ["x", "g", "b", "y", "N"]}] }
The variance as the mean of squares less the square of the mean, in one pass:
between large numbers nothing is left of it. */
#include <math.h>

void
norm(const struct ke_block *blk, const float *x, const float *g,
    const float *b, float *y, int N)
{
	float s = 0, q = 0, m, r;

	x += (size_t)blk->x * N;
	y += (size_t)blk->x * N;
	for (int j = 0; j < N; j++) {
		s += x[j];
		q += x[j] * x[j];
	}
	m = s / N;
	r = 1 / sqrtf(q / N - m * m + 1e-5f);
	for (int j = 0; j < N; j++)
		y[j] = g[j] * ((x[j] - m) * r) + b[j];
}
