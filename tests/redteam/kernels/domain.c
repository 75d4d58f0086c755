/* ke-plan
{ "domain": ["N == 4096"],
  "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Says that it is meant for the timed shape alone. */

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
}
