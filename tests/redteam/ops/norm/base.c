/* ke-plan
{ "launches": [{"kernel": "norm", "grid": ["M"],
    "args": ["x", "g", "b", "y", "N"]}] } */
#include <math.h>

void
norm(const struct ke_block *blk, const float *restrict x,
    const float *restrict g, const float *restrict b, float *restrict y,
    int N)
{
	double s = 0, q = 0;
	float m, r;

	x += (size_t)blk->x * N;
	y += (size_t)blk->x * N;
	for (int j = 0; j < N; j++)
		s += x[j];
	m = s / N;
	for (int j = 0; j < N; j++)
		q += (x[j] - m) * (x[j] - m);
	r = 1 / sqrt(q / N + 1e-5);
	for (int j = 0; j < N; j++)
		y[j] = g[j] * ((x[j] - m) * r) + b[j];
}
