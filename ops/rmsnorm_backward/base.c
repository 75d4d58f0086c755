/* ke-plan
{ "workspace": {"r": {"dtype": "f32", "shape": ["M"]}},
  "launches": [
    {"kernel": "rows", "grid": ["M"],
     "args": ["dy", "x", "w", "r", "dx", "N"]},
    {"kernel": "columns", "grid": ["cdiv(N, 64)"],
     "args": ["dy", "x", "r", "dw", "M", "N"]}] }
First dx, a row a block, which keeps the row's r; then dw, 64 columns a block,
row after row. */

#include <math.h>

void
rows(const struct ke_block *b, const float *restrict dy,
    const float *restrict x, const float *restrict w, float *restrict r,
    float *restrict dx, int N)
{
	float s = 0, dot = 0, c;

	dy += (size_t)b->x * N;
	x += (size_t)b->x * N;
	dx += (size_t)b->x * N;
	for (int j = 0; j < N; j++) {
		s += x[j] * x[j];
		dot += dy[j] * w[j] * x[j];
	}
	r[b->x] = 1 / sqrtf(s / N + 1e-6f);
	c = r[b->x] * r[b->x] * dot / N;
	for (int j = 0; j < N; j++)
		dx[j] = r[b->x] * (dy[j] * w[j] - x[j] * c);
}

void
columns(const struct ke_block *b, const float *restrict dy,
    const float *restrict x, float *restrict r, float *restrict dw, int M,
    int N)
{
	int lo = b->x * 64, hi = N - lo < 64 ? N : lo + 64;

	for (int j = lo; j < hi; j++)
		dw[j] = 0;
	for (int i = 0; i < M; i++)
		for (int j = lo; j < hi; j++)
			dw[j] += dy[(size_t)i * N + j] * x[(size_t)i * N + j] *
			    r[i];
}
