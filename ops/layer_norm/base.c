/* ke-plan
{ "launches": [
    {"kernel": "layer_norm", "grid": ["M"],
     "args": ["x", "w", "b", "y", "N"]}] }
A block is one row: its mean, its variance, the normalised elements. */

#include <math.h>

void
layer_norm(const struct ke_block *k, const float *restrict x,
    const float *restrict w, const float *restrict b, float *restrict y,
    int N)
{
	float mean, r;
	double s = 0;	/* many terms of one sign would drift in a float */

	x += (size_t)k->x * N;
	y += (size_t)k->x * N;
	for (int j = 0; j < N; j++)
		s += x[j];
	mean = s / N;
	s = 0;
	for (int j = 0; j < N; j++)
		s += (x[j] - mean) * (x[j] - mean);
	r = 1 / sqrt(s / N + 1e-5);
	for (int j = 0; j < N; j++)
		y[j] = (x[j] - mean) * r * w[j] + b[j];
}
