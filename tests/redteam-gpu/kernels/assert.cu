/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Says that something is wrong. */

extern "C" __device__ void __assertfail(const char *, const char *, unsigned,
    const char *, size_t);

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		z[i] = a[0] * x[i] + y[i];
	if (i == 0)
		__assertfail("N < 0", "candidate.cu", 1, "axpy", 1);
}
