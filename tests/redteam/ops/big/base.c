/* ke-plan
{ "launches": [{"kernel": "big", "args": ["x", "y", "N"]}] } */
void
big(const float *restrict x, float *restrict y, int N)
{
	for (int i = 0; i < N; i++)
		y[i] = x[i] + 1;
}
