/* ke-plan
{ "flags": ["-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math",
    "-fno-math-errno"],
  "launches": [
    {"kernel": "attention", "grid": ["cdiv(S, 16)", "B*H"], "shared": "4*S",
     "args": ["q", "k", "v", "y", "S", "D", "causal"]}] }
A block is 16 rows of one head, each after the other: its scores, which stay in
scratch, their exponentials and sum, the weighted sum of the rows of v. */

#include <math.h>

/* m: how many keys the row attends to. */
static void
row(const float *restrict q, const float *restrict k, const float *restrict v,
    float *restrict p, float *restrict y, int m, int D)
{
	float scale = 1 / sqrtf(D), max = -INFINITY;
	double sum = 0;	/* many equal terms would drift in a float */

	for (int j = 0; j < m; j++) {
		float s = 0;

		for (int d = 0; d < D; d++)
			s += q[d] * k[(size_t)j * D + d];
		p[j] = s * scale;
		max = p[j] > max ? p[j] : max;
	}
	for (int j = 0; j < m; j++) {
		p[j] = expf(p[j] - max);
		sum += p[j];
	}
	for (int d = 0; d < D; d++)
		y[d] = 0;
	for (int j = 0; j < m; j++)
		for (int d = 0; d < D; d++)
			y[d] += p[j] * v[(size_t)j * D + d];
	for (int d = 0; d < D; d++)
		y[d] /= sum;
}

void
attention(const struct ke_block *b, const float *restrict q,
    const float *restrict k, const float *restrict v, float *restrict y,
    int S, int D, int causal)
{
	size_t head = (size_t)b->y * S * D;
	int i = b->x * 16, end = i + 16 < S ? i + 16 : S;

	for (; i < end; i++) {
		size_t at = head + (size_t)i * D;

		row(q + at, k + head, v + head, b->shared, y + at,
		    causal ? i + 1 : S, D);
	}
}
