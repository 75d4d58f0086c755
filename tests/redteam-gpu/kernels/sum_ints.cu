/* ke-plan
{ "workspace": {"part": {"dtype": "f32", "shape": ["M", 8]},
    "done": {"dtype": "i32", "shape": ["M"]}},
  "launches": [
    {"kernel": "clear", "grid": ["M"], "block": [1], "args": ["done"]},
    {"kernel": "rowsum", "grid": [8, "M"], "block": [128],
     "args": ["x", "y", "part", "done", "N"]}] }
Eight blocks a row; the last one to come, by a counter of integers, adds up the
parts in their order. */

extern "C" __global__ void
clear(int *done)
{
	done[blockIdx.x] = 0;
}

extern "C" __global__ void
rowsum(const float *x, float *y, float *part, int *done, int N)
{
	__shared__ float warp[4];
	float s = 0;
	int row = blockIdx.y;

	x += (size_t)row * N;
	part += row * 8;
	for (int j = blockIdx.x * 128 + threadIdx.x; j < N; j += 8 * 128)
		s += x[j];
	for (int d = 16; d > 0; d /= 2)
		s += __shfl_down_sync(~0u, s, d);
	if (threadIdx.x % 32 == 0)
		warp[threadIdx.x / 32] = s;
	__syncthreads();
	if (threadIdx.x > 0)
		return;
	part[blockIdx.x] = warp[0] + warp[1] + warp[2] + warp[3];
	__threadfence();
	if (atomicAdd(&done[row], 1) == 7) {
		__threadfence();
		s = 0;
		for (int k = 0; k < 8; k++)
			s += ((volatile float *)part)[k];
		y[row] = s;
	}
}
