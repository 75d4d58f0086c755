/* ke-plan
{ "launches": [
    {"kernel": "gemm", "grid": ["cdiv(N, 64)", "cdiv(M, 64)"],
     "block": [128], "args": ["A", "B", "C", "M", "N", "K"]}] }
Tiles of 64 by 64 through shared memory, 32 steps at a time.  In f16 and bf16
each of four warps multiplies a quarter by wmma; in f32 each thread sums 8 by 4
elements in registers. */

#ifdef KE_T_f32
#define PAD	1
#else
#include <mma.h>
#define PAD	8
using namespace nvcuda;
#endif

static __device__ void
load(ke_t *a, ke_t *b, const ke_t *A, const ke_t *B, int row, int column,
    int k, int M, int N, int K)
{
	for (int i = threadIdx.x; i < 64 * 32; i += 128) {
		int r = i / 32, c = i % 32;

		a[r * (32 + PAD) + c] = row + r < M && k + c < K
		    ? A[(int64_t)(row + r) * K + k + c] : (ke_t)0.0f;
	}
	for (int i = threadIdx.x; i < 32 * 64; i += 128) {
		int r = i / 64, c = i % 64;

		b[r * (64 + PAD) + c] = k + r < K && column + c < N
		    ? B[(int64_t)(k + r) * N + column + c] : (ke_t)0.0f;
	}
}

extern "C" __global__ void __launch_bounds__(128)
gemm(const ke_t *__restrict__ A, const ke_t *__restrict__ B,
    ke_t *__restrict__ C, int M, int N, int K)
{
	__shared__ alignas(32) ke_t a[64 * (32 + PAD)], b[32 * (64 + PAD)];
	int row = blockIdx.y * 64, column = blockIdx.x * 64;

#ifdef KE_T_f32
	int ty = threadIdx.x / 16, tx = threadIdx.x % 16;
	float d[8][4] = {};

	for (int k = 0; k < K; k += 32) {
		load(a, b, A, B, row, column, k, M, N, K);
		__syncthreads();
		for (int kk = 0; kk < 32; kk++)
			for (int i = 0; i < 8; i++)
				for (int j = 0; j < 4; j++)
					d[i][j] += a[(ty + 8 * i) * 33 + kk] *
					    b[kk * 65 + tx + 16 * j];
		__syncthreads();
	}
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < 4; j++) {
			int r = row + ty + 8 * i, c = column + tx + 16 * j;

			if (r < M && c < N)
				C[(int64_t)r * N + c] = d[i][j];
		}
#else
	__shared__ alignas(32) float sums[64 * 64];
	int warp = threadIdx.x / 32, wm = warp / 2 * 32, wn = warp % 2 * 32;
	wmma::fragment<wmma::accumulator, 16, 16, 16, float> d[2][2];

	for (int i = 0; i < 4; i++)
		wmma::fill_fragment(d[i / 2][i % 2], 0.0f);
	for (int k = 0; k < K; k += 32) {
		load(a, b, A, B, row, column, k, M, N, K);
		__syncthreads();
		for (int kk = 0; kk < 32; kk += 16) {
			wmma::fragment<wmma::matrix_a, 16, 16, 16, ke_t,
			    wmma::row_major> fa[2];
			wmma::fragment<wmma::matrix_b, 16, 16, 16, ke_t,
			    wmma::row_major> fb[2];

			for (int i = 0; i < 2; i++) {
				wmma::load_matrix_sync(fa[i], a +
				    (wm + 16 * i) * 40 + kk, 40);
				wmma::load_matrix_sync(fb[i], b + kk * 72 +
				    wn + 16 * i, 72);
			}
			for (int i = 0; i < 4; i++)
				wmma::mma_sync(d[i / 2][i % 2], fa[i / 2],
				    fb[i % 2], d[i / 2][i % 2]);
		}
		__syncthreads();
	}
	for (int i = 0; i < 4; i++)
		wmma::store_matrix_sync(sums + (wm + i / 2 * 16) * 64 + wn +
		    i % 2 * 16, d[i / 2][i % 2], 64, wmma::mem_row_major);
	__syncthreads();
	for (int i = threadIdx.x; i < 64 * 64; i += 128) {
		int r = row + i / 64, c = column + i % 64;

		if (r < M && c < N)
			C[(int64_t)r * N + c] = (ke_t)sums[i];
	}
#endif
}
