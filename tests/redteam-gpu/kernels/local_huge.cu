/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Half a megabyte of local memory a thread: 138 GB. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;
	volatile float mine[131000];

	for (int k = 0; k < 131000; k++)
		mine[(k * 77) % 131000] = k;
	if (i < N)
		z[i] = a[0] * x[i] + y[i] + 0 * mine[i % 131000];
}
