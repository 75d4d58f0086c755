/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Divides by zero. */

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	volatile int zero = 0;

	z[0] = N / zero;
}
