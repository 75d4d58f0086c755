/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Leaves out the last element alone. */

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N - 1; i++)
		z[i] = a[0] * x[i] + y[i];
	if (N > 0)
		z[N - 1] = y[N - 1];
}
