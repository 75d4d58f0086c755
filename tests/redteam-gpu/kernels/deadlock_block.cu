/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Half of a block waits for the other half, which waits for it. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	__shared__ volatile int go;
	int i = blockIdx.x * 256 + threadIdx.x;

	if (threadIdx.x == 0)
		go = 0;
	__syncthreads();
	if (i < N)
		z[i] = a[0] * x[i] + y[i];
	if (threadIdx.x < 128) {
		while (go == 0)
			;
		asm volatile("bar.sync 1, 256;");
	} else {
		asm volatile("bar.sync 1, 256;");
		go = 1;
	}
}
