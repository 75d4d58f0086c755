/* ke-plan
{ "launches": [
    {"kernel": "fm", "grid": ["cdiv(K, 512)", "B"], "shared": "4*32*512",
     "args": ["X", "Y", "out", "N", "D", "K"]}] }
The association as given, a block for 512 columns of a sample.  Of X^T Y, 32
rows at a time are made and multiplied, so that they stay in cache. */

static inline int
least(int a, int b)
{
	return a < b ? a : b;
}

void
fm(const struct ke_block *b, const float *restrict X, const float *restrict Y,
    float *restrict out, int N, int D, int K)
{
	float *restrict xty = b->shared;
	int width = least(512, K - b->x * 512);

	X += (size_t)b->y * N * D;
	Y += (size_t)b->y * N * K + b->x * 512;
	out += (size_t)b->y * N * K + b->x * 512;
	for (int n = 0; n < N; n++)
		for (int k = 0; k < width; k++)
			out[(size_t)n * K + k] = 0;
	for (int d0 = 0; d0 < D; d0 += 32) {
		int depth = least(32, D - d0);

		for (int d = 0; d < depth; d++) {
			for (int k = 0; k < width; k++)
				xty[d * 512 + k] = 0;
			for (int n = 0; n < N; n++)
				for (int k = 0; k < width; k++)
					xty[d * 512 + k] +=
					    X[(size_t)n * D + d0 + d] *
					    Y[(size_t)n * K + k];
		}
		for (int n = 0; n < N; n++)
			for (int d = 0; d < depth; d++)
				for (int k = 0; k < width; k++)
					out[(size_t)n * K + k] +=
					    X[(size_t)n * D + d0 + d] *
					    xty[d * 512 + k];
	}
}
