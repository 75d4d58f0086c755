/* ke-plan
{ "launches": [{"kernel": "norm_rows", "grid": ["M"], "block": [128],
    "args": ["x", "g", "b", "y", "N"]}] }
The variance as the mean of squares less the square of the mean, in one pass:
between large numbers nothing is left of it. */

static __device__ float
block_sum(float v)
{
	__shared__ float part[4];

	for (int d = 16; d > 0; d /= 2)
		v += __shfl_xor_sync(~0u, v, d);
	__syncthreads();
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = v;
	__syncthreads();
	return part[0] + part[1] + part[2] + part[3];
}

extern "C" __global__ void
norm_rows(const float *__restrict__ x, const float *__restrict__ g,
    const float *__restrict__ b, float *__restrict__ y, int N)
{
	float s = 0, q = 0, m, r;

	x += (size_t)blockIdx.x * N;
	y += (size_t)blockIdx.x * N;
	for (int j = threadIdx.x; j < N; j += 128)
		s += x[j], q += x[j] * x[j];
	m = block_sum(s) / N;
	r = 1 / sqrtf(block_sum(q) / N - m * m + 1e-5f);
	for (int j = threadIdx.x; j < N; j += 128)
		y[j] = g[j] * ((x[j] - m) * r) + b[j];
}
