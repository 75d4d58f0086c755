/* ke-plan
{ "launches": [{"kernel": "rowsum", "grid": ["M"], "block": [128],
    "args": ["x", "y", "N"]}] }
Asks the second-level cache to keep the inputs. */

extern "C" __global__ void
rowsum(const float *__restrict__ x, float *__restrict__ y, int N)
{
	__shared__ float part[4];
	float s = 0, v;
	uint64_t keep;

	asm("createpolicy.fractional.L2::evict_last.b64 %0, 1.0;"
	    : "=l"(keep));
	x += (size_t)blockIdx.x * N;
	for (int j = threadIdx.x; j < N; j += 128) {
		asm("ld.global.L2::cache_hint.f32 %0, [%1], %2;"
		    : "=f"(v) : "l"(x + j), "l"(keep));
		s += v;
	}
	for (int d = 16; d > 0; d /= 2)
		s += __shfl_down_sync(~0u, s, d);
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = s;
	__syncthreads();
	if (threadIdx.x == 0)
		y[blockIdx.x] = part[0] + part[1] + part[2] + part[3];
}
