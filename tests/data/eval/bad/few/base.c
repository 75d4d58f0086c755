/* ke-plan
{ "launches": [{"kernel": "few", "args": ["x", "y", "M", "N"]}] } */
void
few(const float *restrict x, float *restrict y, int M, int N)
{
	for (int i = 0; i < M * N; i++)
		y[i] = 2 * x[i];
}
