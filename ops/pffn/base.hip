/* ke-plan
{ "workspace": {
    "hs": {"dtype": "f32", "shape": ["B", "N", "K"]},
    "vs": {"dtype": "f32", "shape": ["B", "N", "D"]}},
  "launches": [
    {"kernel": "first", "grid": ["cdiv(K, 64)", "cdiv(N, 64)", "B"],
     "block": [256], "args": ["X", "W1", "b1", "hs", "N", "D", "K"]},
    {"kernel": "hidden", "grid": ["B*N"], "block": [128],
     "args": ["hs", "g1", "K"]},
    {"kernel": "second", "grid": ["cdiv(D, 64)", "cdiv(N, 64)", "B"],
     "block": [256], "args": ["hs", "W2", "b2", "vs", "N", "D", "K"]},
    {"kernel": "result", "grid": ["B*N"], "block": [128],
     "args": ["vs", "g2", "y", "D"]}] }
Four launches, with what is between them in f32: X W1 and gelu, the norm of h,
h W2, the norm of y.  The products are tiles of 64 by 64 through LDS,
each thread with four by four sums in registers. */

template <class T>
static __device__ void
product(float (&d)[4][4], const T *a, const ke_t *b, int row, int column,
    int rows, int steps, int columns)
{
	__shared__ float as[64][17], bs[16][64];
	int tx = threadIdx.x % 16, ty = threadIdx.x / 16;

	for (int k = 0; k < steps; k += 16) {
		for (int i = threadIdx.x; i < 64 * 16; i += 256) {
			int r = row + i / 16, c = k + i % 16;

			as[i / 16][i % 16] = r < rows && c < steps
			    ? (float)a[(int64_t)r * steps + c] : 0;
		}
		for (int i = threadIdx.x; i < 16 * 64; i += 256) {
			int r = k + i / 64, c = column + i % 64;

			bs[i / 64][i % 64] = r < steps && c < columns
			    ? (float)b[(int64_t)r * columns + c] : 0;
		}
		__syncthreads();
		for (int s = 0; s < 16; s++)
			for (int i = 0; i < 4; i++)
				for (int j = 0; j < 4; j++)
					d[i][j] += as[ty + 16 * i][s] *
					    bs[s][tx + 16 * j];
		__syncthreads();
	}
}

extern "C" __global__ void __launch_bounds__(256)
first(const ke_t *__restrict__ X, const ke_t *__restrict__ W1,
    const ke_t *__restrict__ b1, float *__restrict__ h, int N, int D, int K)
{
	int row = blockIdx.y * 64, column = blockIdx.x * 64;
	int64_t b = blockIdx.z;
	float d[4][4] = {};

	product(d, X + b * N * D, W1 + b * D * K, row, column, N, D, K);
	for (int i = 0; i < 16; i++) {
		int r = row + threadIdx.x / 16 + i / 4 * 16;
		int c = column + threadIdx.x % 16 + i % 4 * 16;

		if (r < N && c < K) {
			float s = d[i / 4][i % 4] + (float)b1[b * K + c];

			h[(b * N + r) * K + c] = 0.5f * s *
			    (1 + erff(s * 0.70710678f));
		}
	}
}

extern "C" __global__ void __launch_bounds__(256)
second(float *__restrict__ h, const ke_t *__restrict__ W2,
    const ke_t *__restrict__ b2, float *__restrict__ v, int N, int D, int K)
{
	int row = blockIdx.y * 64, column = blockIdx.x * 64;
	int64_t b = blockIdx.z;
	float d[4][4] = {};

	product(d, h + b * N * K, W2 + b * K * D, row, column, N, K, D);
	for (int i = 0; i < 16; i++) {
		int r = row + threadIdx.x / 16 + i / 4 * 16;
		int c = column + threadIdx.x % 16 + i % 4 * 16;

		if (r < N && c < D)
			v[(b * N + r) * D + c] = d[i / 4][i % 4] +
			    (float)b2[b * D + c];
	}
}

static __device__ float
norm(const float *row, int n)
{
	__shared__ float sums[2];
	float s = 0;

	for (int i = threadIdx.x; i < n; i += 128)
		s += row[i] * row[i];
	for (int i = 32; i > 0; i /= 2)
		s += __shfl_xor(s, i);
	if (threadIdx.x % 64 == 0)
		sums[threadIdx.x / 64] = s;
	__syncthreads();
	return rsqrtf((sums[0] + sums[1]) / n + 1e-6f);
}

extern "C" __global__ void __launch_bounds__(128)
hidden(float *__restrict__ h, const ke_t *__restrict__ g1, int K)
{
	float *row = h + (int64_t)blockIdx.x * K, r = norm(row, K);

	for (int i = threadIdx.x; i < K; i += 128)
		row[i] *= r * (float)g1[i];
}

extern "C" __global__ void __launch_bounds__(128)
result(float *__restrict__ v, const ke_t *__restrict__ g2,
    ke_t *__restrict__ y, int D)
{
	float *row = v + (int64_t)blockIdx.x * D, r = norm(row, D);

	for (int i = threadIdx.x; i < D; i += 128)
		y[(int64_t)blockIdx.x * D + i] =
		    (ke_t)(row[i] * r * (float)g2[i]);
}
