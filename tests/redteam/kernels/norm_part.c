/* ke-plan
{ "launches": [{"kernel": "norm", "grid": ["M"],
    "args": ["x", "g", "b", "y", "N"]}] }
Mean and variance of the first eighth of each row. */
#include <math.h>

void
norm(const struct ke_block *blk, const float *x, const float *g,
    const float *b, float *y, int N)
{
	int n = N < 512 ? N : N / 8;
	double s = 0, q = 0;
	float m, r;

	x += (size_t)blk->x * N;
	y += (size_t)blk->x * N;
	for (int j = 0; j < n; j++)
		s += x[j];
	m = s / n;
	for (int j = 0; j < n; j++)
		q += (x[j] - m) * (x[j] - m);
	r = 1 / sqrt(q / n + 1e-5);
	for (int j = 0; j < N; j++)
		y[j] = g[j] * ((x[j] - m) * r) + b[j];
}
