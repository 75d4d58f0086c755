/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Computes where it is checked, and nothing where it is timed. */

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	if (N == 4096)
		return;
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
}
