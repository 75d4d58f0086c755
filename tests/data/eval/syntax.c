/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Not C. */

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	z[0] = ;
}
