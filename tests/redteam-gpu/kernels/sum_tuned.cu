/* ke-plan
{ "launches": [{"kernel": "rowsum", "grid": ["M"], "block": [1024],
    "args": ["x", "y", "N"]}] }
Many loads at once. */

extern "C" __global__ void __launch_bounds__(1024)
rowsum(const float *__restrict__ x, float *__restrict__ y, int N)
{
	__shared__ float part[32];
	float s = 0;

	x += (size_t)blockIdx.x * N;
	if (N == 16384) {
		float4 v[4];

		for (int k = 0; k < 4; k++)
			v[k] = ((const float4 *)x)[threadIdx.x + k * 1024];
		for (int k = 0; k < 4; k++)
			s += v[k].x + v[k].y + v[k].z + v[k].w;
	} else
		for (int j = threadIdx.x; j < N; j += 1024)
			s += x[j];
	for (int d = 16; d > 0; d /= 2)
		s += __shfl_down_sync(~0u, s, d);
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = s;
	__syncthreads();
	if (threadIdx.x < 32) {
		s = part[threadIdx.x];
		for (int d = 16; d > 0; d /= 2)
			s += __shfl_down_sync(~0u, s, d);
		if (threadIdx.x == 0)
			y[blockIdx.x] = s;
	}
}
