/* ke-plan
{ "launches": [{"kernel": "wrong", "args": ["x", "y", "M", "N"]}] } */
void
wrong(const float *restrict x, float *restrict y, int M, int N)
{
	for (int i = 0; i < M * N; i++)
		y[i] = 3 * x[i];
}
