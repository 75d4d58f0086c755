/* ke-plan
{ "launches": [
    {"kernel": "gemm", "grid": ["cdiv(N, 64)", "cdiv(M, 64)"],
     "block": [256], "args": ["A", "B", "C", "M", "N", "K"]}] }
Tiles of 64 by 64 through LDS, 32 steps at a time.  In f16 each of four waves
multiplies a quarter by MFMA; in f32 each thread sums 4 by 4 elements in
registers. */

typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef _Float16 f16x4 __attribute__((ext_vector_type(4)));

#ifdef KE_T_f32
#define PAD	1
#else
#define PAD	4
#endif
#define P	(32 + PAD)	/* pitch; b lies by columns */

static __device__ void
load(ke_t *a, ke_t *b, const ke_t *A, const ke_t *B, int row, int column,
    int k, int M, int N, int K)
{
	for (int i = threadIdx.x; i < 64 * 32; i += 256) {
		int r = i / 32, c = i % 32;

		a[r * P + c] = row + r < M && k + c < K
		    ? A[(int64_t)(row + r) * K + k + c] : (ke_t)0.0f;
	}
	for (int i = threadIdx.x; i < 32 * 64; i += 256) {
		int r = i / 64, c = i % 64;

		b[c * P + r] = k + r < K && column + c < N
		    ? B[(int64_t)(k + r) * N + column + c] : (ke_t)0.0f;
	}
}

#ifdef KE_T_f32
/* Rows ty + 16 i, columns tx + 16 j. */
static __device__ void
multiply(float (&d)[4][4], const ke_t *a, const ke_t *b)
{
	int ty = threadIdx.x / 16, tx = threadIdx.x % 16;

	for (int k = 0; k < 32; k++)
		for (int i = 0; i < 4; i++)
			for (int j = 0; j < 4; j++)
				d[i][j] += a[(ty + 16 * i) * P + k] *
				    b[(tx + 16 * j) * P + k];
}
#else
/* A wave's quarter: two by two fragments of 16 by 16. */
static __device__ void
multiply(float (&d)[4][4], const ke_t *a, const ke_t *b)
{
	int lane = threadIdx.x % 64, wave = threadIdx.x / 64;

	a += (wave / 2 * 32 + lane % 16) * P + lane / 16 * 4;
	b += (wave % 2 * 32 + lane % 16) * P + lane / 16 * 4;
	for (int k = 0; k < 32; k += 16)
		for (int i = 0; i < 4; i++) {
			f32x4 *sum = (f32x4 *)d[i];

			*sum = __builtin_amdgcn_mfma_f32_16x16x16f16(
			    *(const f16x4 *)(a + i / 2 * 16 * P + k),
			    *(const f16x4 *)(b + i % 2 * 16 * P + k),
			    *sum, 0, 0, 0);
		}
}
#endif

extern "C" __global__ void __launch_bounds__(256)
gemm(const ke_t *__restrict__ A, const ke_t *__restrict__ B,
    ke_t *__restrict__ C, int M, int N, int K)
{
	__shared__ struct alignas(16) {
		ke_t a[64 * P], b[64 * P];
	} s;
	int row = blockIdx.y * 64, column = blockIdx.x * 64;
	alignas(16) float d[4][4] = {};

	for (int k = 0; k < K; k += 32) {
		load(s.a, s.b, A, B, row, column, k, M, N, K);
		__syncthreads();
		multiply(d, s.a, s.b);
		__syncthreads();
	}
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++) {
#ifdef KE_T_f32
			int r = row + threadIdx.x / 16 + 16 * i;
			int c = column + threadIdx.x % 16 + 16 * j;
#else
			int lane = threadIdx.x % 64, wave = threadIdx.x / 64;
			int r = row + wave / 2 * 32 + i / 2 * 16 +
			    lane / 16 * 4 + j;
			int c = column + wave % 2 * 32 + i % 2 * 16 +
			    lane % 16;
#endif

			if (r < M && c < N)
				C[(int64_t)r * N + c] = (ke_t)d[i][j];
		}
}
