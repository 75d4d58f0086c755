/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Reads 1 MB to either side. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		z[i] = a[0] * x[i] + y[i];
	if (i == 0 && (z[1 << 18] == 12345.678f || z[-(1 << 18)] == 12345.678f))
		z[0] = 0;
}
