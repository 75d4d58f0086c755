/* ke-plan
{ "launches": [
    {"kernel": "gemm", "grid": ["cdiv(N, 128)", "cdiv(M, 32)"],
     "args": ["A", "B", "C", "M", "N", "K"]}] }
A block is a tile of 32 rows by 128 columns of C, to which 64 rows of B at a
time are added: both stay in the first-level cache. */

static inline int
least(int a, int b)
{
	return a < b ? a : b;
}

void
gemm(const struct ke_block *b, const float *restrict A,
    const float *restrict B, float *restrict C, int M, int N, int K)
{
	int i0 = b->y * 32, i1 = least(M, i0 + 32);
	int j0 = b->x * 128, j1 = least(N, j0 + 128);

	for (int i = i0; i < i1; i++)
		for (int j = j0; j < j1; j++)
			C[(size_t)i * N + j] = 0;
	for (int k0 = 0; k0 < K; k0 += 64)
		for (int i = i0; i < i1; i++)
			for (int k = k0; k < least(K, k0 + 64); k++) {
				float a = A[(size_t)i * K + k];

				for (int j = j0; j < j1; j++)
					C[(size_t)i * N + j] +=
					    a * B[(size_t)k * N + j];
			}
}
