/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Launches a grid that goes on when it has ended. */

static __global__ void
later(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		z[i] = a[0] * x[i] + y[i];
}

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	if (blockIdx.x == 0 && threadIdx.x == 0)
		later<<<(N + 255) / 256, 256>>>(a, x, y, z, N);
}
