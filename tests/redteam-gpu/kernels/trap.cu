/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Gives up. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	__trap();
}
