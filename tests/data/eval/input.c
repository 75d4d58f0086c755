/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Writes to an input. */

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	((float *)x)[0] = 0;
	((float *)y)[0] = 0;
	z[0] = 0;
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
}
