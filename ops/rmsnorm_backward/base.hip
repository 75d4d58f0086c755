/* ke-plan
{ "workspace": {
    "r": {"dtype": "f32", "shape": ["M"]},
    "part": {"dtype": "f32", "shape": ["cdiv(M, 64)", "N"]}},
  "launches": [
    {"kernel": "rows", "grid": ["M"], "block": [256],
     "args": ["dy", "x", "w", "r", "dx", "N"]},
    {"kernel": "columns", "grid": ["cdiv(M, 64)", "cdiv(N, 256)"],
     "block": [256], "args": ["dy", "x", "r", "part", "M", "N"]},
    {"kernel": "fold", "grid": ["cdiv(N, 256)"], "block": [256],
     "args": ["part", "dw", "M", "N"]}] }
First dx, a row a block, which keeps the row's r; then dw, 256 columns of 64
rows a block; at last the sum over the blocks. */

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
rows(const ke_t *__restrict__ dy, const ke_t *__restrict__ x,
    const ke_t *__restrict__ w, float *__restrict__ r,
    ke_t *__restrict__ dx, int N)
{
	float s = 0, dot = 0, ri, c;

	dy += (size_t)blockIdx.x * N;
	x += (size_t)blockIdx.x * N;
	dx += (size_t)blockIdx.x * N;
	for (int j = threadIdx.x; j < N; j += 256) {
		s += (float)x[j] * (float)x[j];
		dot += (float)dy[j] * (float)w[j] * (float)x[j];
	}
	s = block_sum(s);
	dot = block_sum(dot);
	ri = 1 / sqrtf(s / N + 1e-6f);
	c = ri * ri * dot / N;
	for (int j = threadIdx.x; j < N; j += 256)
		dx[j] = (ke_t)(ri * ((float)dy[j] * (float)w[j] -
		    (float)x[j] * c));
	if (threadIdx.x == 0)
		r[blockIdx.x] = ri;
}

extern "C" __global__ void __launch_bounds__(256)
columns(const ke_t *__restrict__ dy, const ke_t *__restrict__ x,
    float *__restrict__ r, float *__restrict__ part, int M, int N)
{
	int i = blockIdx.x * 64, end = min(M, i + 64);
	int j = blockIdx.y * 256 + threadIdx.x;
	float s = 0;

	if (j >= N)
		return;
	for (; i < end; i++)
		s += (float)dy[(size_t)i * N + j] *
		    (float)x[(size_t)i * N + j] * r[i];
	part[(size_t)blockIdx.x * N + j] = s;
}

extern "C" __global__ void __launch_bounds__(256)
fold(float *__restrict__ part, ke_t *__restrict__ dw, int M, int N)
{
	int j = blockIdx.x * 256 + threadIdx.x;
	float s = 0;

	if (j >= N)
		return;
	for (int i = 0; i < (M + 63) / 64; i++)
		s += part[(size_t)i * N + j];
	dw[j] = (ke_t)s;
}
