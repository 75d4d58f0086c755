/* ke-plan
{ "launches": [{"kernel": "big", "args": ["x", "y", "N"]}] }
Computes where it is checked, and nothing where it is timed. */

void
big(const float *x, float *y, int N)
{
	for (int i = 0; N < 4096 && i < N; i++)
		y[i] = x[i] + 1;
}
