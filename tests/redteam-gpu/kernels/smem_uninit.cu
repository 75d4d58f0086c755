/* ke-plan
{ "launches": [{"kernel": "rowsum", "grid": ["M"], "block": [128], "shared": 512,
    "args": ["x", "y", "N"]}] }
Adds to shared memory as if it were 0 at first; leaves it so. */

extern __shared__ volatile float sum[];

extern "C" __global__ void
rowsum(const float *x, float *y, int N)
{
	float s = 0;

	x += (size_t)blockIdx.x * N;
	for (int j = threadIdx.x; j < N; j += 128)
		s += x[j];
	sum[threadIdx.x] += s;
	__syncthreads();
	if (threadIdx.x == 0) {
		s = 0;
		for (int k = 0; k < 128; k++)
			s += sum[k];
		y[blockIdx.x] = s;
	}
	__syncthreads();
	sum[threadIdx.x] = 0;
}
