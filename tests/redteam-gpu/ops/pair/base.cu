/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,2048)"], "block": [64],
    "args": ["a", "x", "y", "z", "N"]}] }
Few threads, so that there is something to win. */

extern "C" __global__ void
axpy(const float *__restrict__ a, const float *__restrict__ x,
    const float *__restrict__ y, float *__restrict__ z, int N)
{
	int end = min(N, (int)blockIdx.x * 2048 + 2048);

	for (int i = blockIdx.x * 2048 + threadIdx.x; i < end; i += 64)
		z[i] = a[0] * x[i] + y[i];
}
