/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] } */
void
axpy(const float *restrict a, const float *restrict x,
    const float *restrict y, float *restrict z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
}
