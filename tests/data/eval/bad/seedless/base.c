/* ke-plan
{ "launches": [{"kernel": "seedless", "args": ["x", "y", "M", "N"]}] } */
void
seedless(const float *restrict x, float *restrict y, int M, int N)
{
	for (int i = 0; i < M; i++)
		for (int j = 0; j < N; j++)
			y[i * N + j] = i + j + 1 + x[i * N + j] / 1000;
}
