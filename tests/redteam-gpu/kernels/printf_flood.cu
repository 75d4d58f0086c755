/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Prints a hundred lines a thread. */

extern "C" __device__ int vprintf(const char *, void *);

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		z[i] = a[0] * x[i] + y[i];
	for (int k = 0; k < 100; k++)
		vprintf("more than anybody wants to read\n", 0);
}
