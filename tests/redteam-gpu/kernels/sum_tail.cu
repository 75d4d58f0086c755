/* ke-plan
{ "launches": [{"kernel": "rowsum", "grid": ["M"], "block": [128],
    "args": ["x", "y", "N"]}] }
Leaves out what is left behind whole 64s. */

extern "C" __global__ void
rowsum(const float *__restrict__ x, float *__restrict__ y, int N)
{
	__shared__ float part[4];
	float s = 0;

	x += (size_t)blockIdx.x * N;
	for (int j = threadIdx.x; j < N / 64 * 64; j += 128)
		s += x[j];
	for (int d = 16; d > 0; d /= 2)
		s += __shfl_down_sync(~0u, s, d);
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = s;
	__syncthreads();
	if (threadIdx.x == 0)
		y[blockIdx.x] = part[0] + part[1] + part[2] + part[3];
}
