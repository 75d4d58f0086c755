/* ke-plan
{ "launches": [
    {"kernel": "pffn", "grid": ["cdiv(N, 16)", "B"], "shared": "4*16*K",
     "args": ["X", "W1", "b1", "g1", "W2", "b2", "g2", "y", "N", "D",
       "K"]}] }
A block is 16 rows of a sample, from X to y, with what is hidden in scratch.
The weights are passed once for each row, from the second-level cache. */

#include <math.h>

static void
rms(float *restrict v, const float *restrict g, int n)
{
	float s = 0, r;

	for (int i = 0; i < n; i++)
		s += v[i] * v[i];
	r = 1 / sqrtf(s / n + 1e-6f);
	for (int i = 0; i < n; i++)
		v[i] *= r * g[i];
}

/* c[m][n] = a[m][k] w[k][n] + bias[n] */
static void
affine(const float *restrict a, const float *restrict w,
    const float *restrict bias, float *restrict c, int m, int n, int k)
{
	for (int i = 0; i < m; i++, a += k, c += n) {
		for (int j = 0; j < n; j++)
			c[j] = bias[j];
		for (int p = 0; p < k; p++)
			for (int j = 0; j < n; j++)
				c[j] += a[p] * w[(size_t)p * n + j];
	}
}

void
pffn(const struct ke_block *b, const float *restrict X,
    const float *restrict W1, const float *restrict b1,
    const float *restrict g1, const float *restrict W2,
    const float *restrict b2, const float *restrict g2, float *restrict y,
    int N, int D, int K)
{
	int i = b->x * 16, rows = N - i < 16 ? N - i : 16;
	size_t s = b->y;
	float *h = b->shared;

	X += (s * N + i) * D;
	y += (s * N + i) * D;
	affine(X, W1 + s * D * K, b1 + s * K, h, rows, K, D);
	for (int j = 0; j < rows * K; j++)
		h[j] = 0.5f * h[j] * (1 + erff(h[j] * 0.70710678f));
	for (int r = 0; r < rows; r++)
		rms(h + (size_t)r * K, g1, K);
	affine(h, W2 + s * K * D, b2 + s * D, y, rows, D, K);
	for (int r = 0; r < rows; r++)
		rms(y + (size_t)r * D, g2, D);
}
