/* ke-plan
{ "launches": [{"kernel": "claimed", "args": ["x", "y", "M", "N"]}] } */
void
claimed(const float *restrict x, float *restrict y, int M, int N)
{
	for (int i = 0; i < M * N; i++)
		y[i] = x[i] * 1.2599210498948732f;
}
