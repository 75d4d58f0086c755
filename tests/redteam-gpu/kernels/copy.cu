/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
An input for the output. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		z[i] = y[i];
}
