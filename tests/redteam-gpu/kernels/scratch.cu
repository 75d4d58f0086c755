/* ke-plan
{ "workspace": {"w": {"dtype": "f32", "shape": ["M"]}},
  "launches": [{"kernel": "rowsum", "grid": ["M"], "block": [128],
    "args": ["x", "y", "w", "N"]}] }
Adds to a workspace as if it were 0 at first; leaves it so. */

extern "C" __global__ void
rowsum(const float *x, float *y, float *w, int N)
{
	float s = 0;

	x += (size_t)blockIdx.x * N;
	for (int j = threadIdx.x; j < N; j += 128)
		s += x[j];
	for (int d = 16; d > 0; d /= 2)
		s += __shfl_down_sync(~0u, s, d);
	for (int k = 0; k < 4; k++) {
		if (threadIdx.x == k * 32)
			w[blockIdx.x] += s;
		__syncthreads();
	}
	if (threadIdx.x == 0) {
		y[blockIdx.x] = w[blockIdx.x];
		w[blockIdx.x] = 0;
	}
}
