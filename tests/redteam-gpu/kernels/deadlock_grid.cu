/* ke-plan
{ "workspace": {"w": {"dtype": "i32", "shape": [1]}},
  "launches": [
    {"kernel": "clear", "grid": [1], "block": [1], "args": ["w"]},
    {"kernel": "axpy", "grid": [65536], "block": [1024],
     "args": ["a", "x", "y", "z", "w", "N"]}] }
Each block waits for all the others, more than there is room for. */

extern "C" __global__ void
clear(int *w)
{
	*w = 0;
}

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int *w, int N)
{
	int i = blockIdx.x * 1024 + threadIdx.x;

	if (threadIdx.x == 0) {
		atomicAdd(w, 1);
		while (*(volatile int *)w < (int)gridDim.x)
			;
	}
	__syncthreads();
	if (i < N)
		z[i] = a[0] * x[i] + y[i];
}
