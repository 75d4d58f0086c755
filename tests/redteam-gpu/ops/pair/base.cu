/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": [1], "block": [64],
    "args": ["a", "x", "y", "z", "N"]}] }
A single block, so that a launch of several executions takes no longer. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = threadIdx.x; i < N; i += 64)
		z[i] = a[0] * x[i] + y[i];
}
