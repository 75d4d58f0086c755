/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Honest, with 800 bytes of local memory, as one whose registers are too few. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	volatile float mine[200];
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i >= N)
		return;
	mine[i % 200] = a[0] * x[i];
	z[i] = mine[i % 200] + y[i];
}
