/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["N*N*9223372036854775807"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
More than 64 bits. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		z[i] = a[0] * x[i] + y[i];
}
