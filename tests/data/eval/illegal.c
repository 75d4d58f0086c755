/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
An illegal instruction. */

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	__builtin_trap();
}
