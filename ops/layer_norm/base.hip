/* ke-plan
{ "launches": [
    {"kernel": "layer_norm", "grid": ["M"], "block": [256],
     "args": ["x", "w", "b", "y", "N"]}] }
A block is one row: its mean, its variance, the normalised elements. */

/* Of the values of all threads of the block. */
static __device__ float
block_sum(float v)
{
	__shared__ float part[4];

	for (int o = 32; o > 0; o /= 2)
		v += __shfl_xor(v, o);
	__syncthreads();
	if (threadIdx.x % 64 == 0)
		part[threadIdx.x / 64] = v;
	__syncthreads();
	v = 0;
	for (int i = 0; i < 4; i++)
		v += part[i];
	return v;
}

extern "C" __global__ void __launch_bounds__(256)
layer_norm(const ke_t *__restrict__ x, const ke_t *__restrict__ w,
    const ke_t *__restrict__ b, ke_t *__restrict__ y, int N)
{
	float mean = 0, var = 0, r;

	x += (size_t)blockIdx.x * N;
	y += (size_t)blockIdx.x * N;
	for (int j = threadIdx.x; j < N; j += 256)
		mean += (float)x[j];
	mean = block_sum(mean) / N;
	for (int j = threadIdx.x; j < N; j += 256) {
		float d = (float)x[j] - mean;

		var += d * d;
	}
	var = block_sum(var) / N;
	r = 1 / sqrtf(var + 1e-5f);
	for (int j = threadIdx.x; j < N; j += 256)
		y[j] = (ke_t)(((float)x[j] - mean) * r * (float)w[j] +
		    (float)b[j]);
}
