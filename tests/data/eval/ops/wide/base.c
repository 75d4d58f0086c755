/* ke-plan
{ "launches": [{"kernel": "twice", "args": ["x", "y", "N", "M", "NM"]}] } */
void
twice(const float *restrict x, float *restrict y, int64_t N, int M, int NM)
{
	for (int64_t i = 0; i < N * M; i++)
		y[i] = i < NM ? 2 * x[i] : 0;
}
