/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
A load from an odd address. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		z[i] = a[0] * x[i] + y[i];
	if (i == 0) {
		float v;

		asm volatile("ld.global.f32 %0, [%1];" : "=f"(v)
		    : "l"((uint64_t)x + 1));
		z[0] += 0 * v;
	}
}
