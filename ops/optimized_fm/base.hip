/* ke-plan
{ "workspace": {"g": {"dtype": "f32", "shape": ["B", "N", "N"]}},
  "launches": [
    {"kernel": "gram", "grid": ["B"], "block": [256],
     "args": ["X", "g", "N", "D"]},
    {"kernel": "product", "grid": ["cdiv(K, 128)", "cdiv(N, 8)", "B"],
     "block": [128], "args": ["g", "Y", "out", "N", "K"]}] }
X X^T, the smaller intermediate, in f32 first; then eight rows of that times a
column of Y for each thread. */

extern "C" __global__ void __launch_bounds__(256)
gram(const ke_t *__restrict__ X, float *__restrict__ g, int N, int D)
{
	X += (int64_t)blockIdx.x * N * D;
	g += (int64_t)blockIdx.x * N * N;
	for (int i = threadIdx.x; i < N * N; i += 256) {
		const ke_t *a = X + i / N * D, *b = X + i % N * D;
		float s = 0;

		for (int d = 0; d < D; d++)
			s += (float)a[d] * (float)b[d];
		g[i] = s;
	}
}

extern "C" __global__ void __launch_bounds__(128)
product(float *__restrict__ g, const ke_t *__restrict__ Y,
    ke_t *__restrict__ out, int N, int K)
{
	__shared__ float rows[8][32];
	int k = blockIdx.x * 128 + threadIdx.x, n = blockIdx.y * 8;
	float s[8] = {};

	g += (int64_t)blockIdx.z * N * N;
	Y += (int64_t)blockIdx.z * N * K;
	out += (int64_t)blockIdx.z * N * K;
	for (int m0 = 0; m0 < N; m0 += 32) {
		__syncthreads();
		for (int i = threadIdx.x; i < 8 * 32; i += 128)
			rows[i / 32][i % 32] = n + i / 32 < N && m0 + i % 32 <
			    N ? g[(n + i / 32) * N + m0 + i % 32] : 0;
		__syncthreads();
		for (int m = 0; m < 32 && m0 + m < N; m++) {
			float y = k < K ? (float)Y[(int64_t)(m0 + m) * K + k]
			    : 0;

			for (int i = 0; i < 8; i++)
				s[i] += rows[i][m] * y;
		}
	}
	for (int i = 0; i < 8; i++)
		if (n + i < N && k < K)
			out[(int64_t)(n + i) * K + k] = (ke_t)s[i];
}
