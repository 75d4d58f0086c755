/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Adds to the output, times a beta of 0: a NaN that lay there stays. */

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = 0 * z[i] + (a[0] * x[i] + y[i]);
}
