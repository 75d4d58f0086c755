/* ke-plan
{ "launches": [
    {"kernel": "softmax", "grid": ["M"], "block": [256],
     "args": ["x", "y", "N"]}] }
A block is one row: its largest element, the sum of the exponentials, the
quotients. */

static __device__ float
larger(float a, float b)
{
	return fmaxf(a, b);
}

static __device__ float
plus(float a, float b)
{
	return a + b;
}

/* Of the values of all threads of the block. */
template <float (*F)(float, float)>
static __device__ float
block_reduce(float v)
{
	__shared__ float part[4];

	for (int o = 32; o > 0; o /= 2)
		v = F(v, __shfl_xor(v, o));
	__syncthreads();
	if (threadIdx.x % 64 == 0)
		part[threadIdx.x / 64] = v;
	__syncthreads();
	v = part[0];
	for (int i = 1; i < 4; i++)
		v = F(v, part[i]);
	return v;
}

extern "C" __global__ void __launch_bounds__(256)
softmax(const ke_t *__restrict__ x, ke_t *__restrict__ y, int N)
{
	float m = -3.402823466e38f, s = 0;

	x += (size_t)blockIdx.x * N;
	y += (size_t)blockIdx.x * N;
	for (int j = threadIdx.x; j < N; j += 256)
		m = fmaxf(m, (float)x[j]);
	m = block_reduce<larger>(m);
	for (int j = threadIdx.x; j < N; j += 256)
		s += expf((float)x[j] - m);
	s = 1 / block_reduce<plus>(s);
	for (int j = threadIdx.x; j < N; j += 256)
		y[j] = (ke_t)(expf((float)x[j] - m) * s);
}
