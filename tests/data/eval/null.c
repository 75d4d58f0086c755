/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Dereferences null. */

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	*(volatile int *)0 = N;
}
