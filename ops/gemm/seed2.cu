/* ke-plan
{ "tune": {
    "BM": [16, 32, 64, 128, 256],
    "BN": [16, 32, 64, 128, 256],
    "BK": [16, 32, 64],
    "WM": [1, 2, 4],
    "WN": [1, 2, 4],
    "STAGES": [2, 3, 4, 5, 6],
    "GROUP": [1, 2, 4, 8, 16]},
  "choice": [
    {"when": "M <= 128", "BM": 64, "BN": 64, "BK": 64, "WM": 2, "WN": 2,
     "STAGES": 6, "GROUP": 2},
    {"BM": 128, "BN": 128, "BK": 32, "WM": 2, "WN": 2, "STAGES": 4,
     "GROUP": 8}],
  "require": [
    "BM % (16*WM) == 0", "BN % (16*WN) == 0",
    "BM*BN <= 128*32*WM*WN",
    "2*STAGES*(BM*(BK + 8) + BK*(BN + 8)) <= 232448"],
  "constants": ["N", "K"],
  "launches": [
    {"kernel": "gemm", "grid": ["cdiv(M, BM)*cdiv(N, BN)"],
     "block": ["32*WM*WN"],
     "shared": "2*STAGES*(BM*(BK + 8) + BK*(BN + 8))",
     "args": ["A", "B", "C", "M", "N", "K"]}] }

mma.sync on tiles of BM by BN that WM by WN warps share, with asynchronous
copies STAGES - 1 steps of BK ahead.  Rows in shared memory are 16 bytes longer
than they need be, so that ldmatrix meets no bank twice.  Where rows of A or B
are no multiple of 16 bytes, they are copied element by element.  GROUP rows of
tiles are walked together, for the second-level cache. */

#if !defined KE_T_f16 && !defined KE_T_bf16
#error "for f16 and bf16"
#endif

#define BM	KE_BM
#define BN	KE_BN
#define BK	KE_BK
#define STAGES	KE_STAGES
#define THREADS	(32 * KE_WM * KE_WN)
#define PA	(BK + 8)
#define PB	(BN + 8)
#define SLOT	(BM * PA + BK * PB)
#define MT	(BM / KE_WM / 16)
#define NT	(BN / KE_WN / 8)

static __device__ __forceinline__ uint32_t
address(const void *p)
{
	return (uint32_t)__cvta_generic_to_shared(p);
}

/* 16 bytes, of which those past the first bytes are zero. */
static __device__ __forceinline__ void
copy16(void *to, const void *from, int bytes)
{
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
	    :: "r"(address(to)), "l"(from), "r"(bytes) : "memory");
}

static __device__ __forceinline__ void
copy_commit()
{
	asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int N>
static __device__ __forceinline__ void
copy_wait()
{
	asm volatile("cp.async.wait_group %0;" :: "n"(N) : "memory");
}

static __device__ __forceinline__ void
ldmatrix(uint32_t *r, const void *p)
{
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 "
	    "{%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]),
	    "=r"(r[3]) : "r"(address(p)) : "memory");
}

static __device__ __forceinline__ void
ldmatrix_t(uint32_t *r, const void *p)
{
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 "
	    "{%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]),
	    "=r"(r[3]) : "r"(address(p)) : "memory");
}

#ifdef KE_T_bf16
#define TYPES	".f32.bf16.bf16.f32 "
#else
#define TYPES	".f32.f16.f16.f32 "
#endif

static __device__ __forceinline__ void
mma(float *d, const uint32_t *a, const uint32_t *b)
{
	asm volatile("mma.sync.aligned.m16n8k16.row.col" TYPES
	    "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
	    "{%0, %1, %2, %3};" : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]),
	    "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]),
	    "r"(b[0]), "r"(b[1]));
}

static __device__ __forceinline__ uint32_t
pack(float a, float b)
{
#ifdef KE_T_bf16
	__nv_bfloat162 v = __floats2bfloat162_rn(a, b);
#else
	__half2 v = __floats2half2_rn(a, b);
#endif
	return *(uint32_t *)&v;
}

/* H rows by W columns of a matrix of width ld, from (row, column) on; zeros
 * where it ends. */
template <int H, int W, int LD>
static __device__ __forceinline__ void
load_tile(ke_t *to, const ke_t *from, int row, int column, int rows)
{
	if constexpr (LD % 8 == 0) {
		for (int i = threadIdx.x; i < H * W / 8; i += THREADS) {
			int r = i / (W / 8), c = i % (W / 8) * 8;
			bool in = row + r < rows && column + c < LD;

			copy16(to + r * (W + 8) + c, in ? from +
			    (int64_t)(row + r) * LD + column + c : from,
			    in ? 16 : 0);
		}
	} else {
		for (int i = threadIdx.x; i < H * W; i += THREADS) {
			int r = i / W, c = i % W;
			bool in = row + r < rows && column + c < LD;

			to[r * (W + 8) + c] = in ? from[(int64_t)(row + r) *
			    LD + column + c] : (ke_t)0.0f;
		}
	}
}

static __device__ __forceinline__ void
store_pair(ke_t *C, int row, int column, int M, float a, float b)
{
	ke_t *p = C + (int64_t)row * KE_N + column;

	if (row >= M || column >= KE_N)
		return;
	if (KE_N % 2 == 0) {
		*(uint32_t *)p = pack(a, b);
		return;
	}
	p[0] = (ke_t)a;
	if (column + 1 < KE_N)
		p[1] = (ke_t)b;
}

extern "C" __global__ void __launch_bounds__(THREADS)
gemm(const ke_t *__restrict__ A, const ke_t *__restrict__ B,
    ke_t *__restrict__ C, int M, int N, int K)
{
	extern __shared__ __align__(16) unsigned char shared[];
	ke_t *s = (ke_t *)shared;
	constexpr int columns = (KE_N + BN - 1) / BN;
	constexpr int steps = (KE_K + BK - 1) / BK;
	int rows = (M + BM - 1) / BM;
	int group = blockIdx.x / (KE_GROUP * columns);
	int in = blockIdx.x - group * KE_GROUP * columns;
	int height = min(KE_GROUP, rows - group * KE_GROUP);
	int row = (group * KE_GROUP + in % height) * BM;
	int column = in / height * BN;
	int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
	int wm = warp % KE_WM * (BM / KE_WM), wn = warp / KE_WM * (BN / KE_WN);
	float d[MT][NT][4] = {};

#pragma unroll
	for (int i = 0; i < STAGES - 1; i++) {
		if (i < steps) {
			ke_t *to = s + i * SLOT;

			load_tile<BM, BK, KE_K>(to, A, row, i * BK, M);
			load_tile<BK, BN, KE_N>(to + BM * PA, B, i * BK,
			    column, KE_K);
		}
		copy_commit();
	}
	for (int k = 0; k < steps; k++) {
		const ke_t *a = s + k % STAGES * SLOT;
		const ke_t *b = a + BM * PA;

		copy_wait<STAGES - 2>();
		__syncthreads();
		if (k + STAGES - 1 < steps) {
			int next = k + STAGES - 1;
			ke_t *to = s + next % STAGES * SLOT;

			load_tile<BM, BK, KE_K>(to, A, row, next * BK, M);
			load_tile<BK, BN, KE_N>(to + BM * PA, B, next * BK,
			    column, KE_K);
		}
		copy_commit();
#pragma unroll
		for (int kk = 0; kk < BK; kk += 16) {
			uint32_t fa[MT][4], fb[NT / 2][4];

#pragma unroll
			for (int i = 0; i < MT; i++)
				ldmatrix(fa[i], a + (wm + i * 16 + lane % 16) *
				    PA + kk + lane / 16 * 8);
#pragma unroll
			for (int j = 0; j < NT / 2; j++)
				ldmatrix_t(fb[j], b + (kk + lane % 16) * PB +
				    wn + j * 16 + lane / 16 * 8);
#pragma unroll
			for (int i = 0; i < MT; i++)
#pragma unroll
				for (int j = 0; j < NT; j++)
					mma(d[i][j], fa[i],
					    fb[j / 2] + j % 2 * 2);
		}
	}
#pragma unroll
	for (int i = 0; i < MT; i++) {
#pragma unroll
		for (int j = 0; j < NT; j++) {
			int r = row + wm + i * 16 + lane / 4;
			int c = column + wn + j * 8 + lane % 4 * 2;

			store_pair(C, r, c, M, d[i][j][0], d[i][j][1]);
			store_pair(C, r + 8, c, M, d[i][j][2], d[i][j][3]);
		}
	}
}
