/* ke-plan
{ "launches": [{"kernel": "same", "args": ["x", "y", "M", "N"]}] } */
void
same(const float *restrict x, float *restrict y, int M, int N)
{
	for (int i = 0; i < M; i++) {
		double s = 0;

		for (int j = 0; j < N; j++)
			s += x[i * N + j];
		for (int j = 0; j < N; j++)
			y[i * N + j] = s;
	}
}
