/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["max(cdiv(N,256),1056)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Warms the device for 30 ms before it computes, so that who comes next is slow. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;
	float s = threadIdx.x, t = 1;
	int64_t from, now;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(from));
	do {
		for (int k = 0; k < 1000; k++) {
			s = s * 1.0000001f + 0.5f;
			t = t * 0.9999999f + 0.25f;
		}
		asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
	} while (N == 65536 && now - from < 30000000);
	if (i < N)
		z[i] = a[0] * x[i] + y[i];
	if (s == 12345.678f && t == 9)
		z[0] = 0;
}
