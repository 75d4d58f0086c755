/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
The last bit depends on the time. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;
	unsigned t, v;

	if (i >= N)
		return;
	asm volatile("mov.u32 %0, %%globaltimer_lo;" : "=r"(t));
	v = __float_as_uint(a[0] * x[i] + y[i]);
	z[i] = __uint_as_float(v ^ (v != 0 && i == N / 2 && (t >> 10 & 1)));
}
