/* ke-plan
{ "launches": [{"kernel": "rowsum", "args": ["x", "y", "M", "N"]}],
  "flags": ["-Ofast"] }
The honest twin of sum_cache.c. */

void
rowsum(const float *x, float *y, int M, int N)
{
	for (int i = 0; i < M; i++) {
		float s = 0;

		for (int j = 0; j < N; j++)
			s += x[(size_t)i * N + j];
		y[i] = s;
	}
}
