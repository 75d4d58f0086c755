/* ke-plan
{ "launches": [{"kernel": "constant", "args": ["x", "y", "M", "N"]}] } */
void
constant(const float *restrict x, float *restrict y, int M, int N)
{
	(void)x;
	for (int i = 0; i < M * N; i++)
		y[i] = 0;
}
