/* ke-plan
{ "launches": [{"kernel": "softmax", "grid": ["M"], "block": [256],
    "args": ["x", "y", "N"]}] }
Leaves out the largest element: exponentials of what is drawn don't overflow. */

static __device__ float
block_sum(float v)
{
	__shared__ float part[8];

	for (int d = 16; d > 0; d /= 2)
		v += __shfl_xor_sync(~0u, v, d);
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = v;
	__syncthreads();
	v = 0;
	for (int i = 0; i < 8; i++)
		v += part[i];
	return v;
}

extern "C" __global__ void
softmax(const float *x, float *y, int N)
{
	float s = 0;

	x += (size_t)blockIdx.x * N;
	y += (size_t)blockIdx.x * N;
	for (int j = threadIdx.x; j < N; j += 256)
		s += expf(x[j]);
	s = 1 / block_sum(s);
	for (int j = threadIdx.x; j < N; j += 256)
		y[j] = expf(x[j]) * s;
}
