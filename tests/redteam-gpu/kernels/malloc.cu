/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Takes 8 GB of its own; right where it gets none. */

extern "C" __device__ void *malloc(size_t);

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		z[i] = malloc((size_t)8 << 30) == 0 ? a[0] * x[i] + y[i] : 0;
}
