/* ke-plan
{ "launches": [{"kernel": "clip", "args": ["x", "y", "N"]}] } */
void
clip(const float *x, float *y, int N)
{
	for (int i = 0; i < N; i++)
		y[i] = x[i] > 0 ? x[i] : 0;
}
