/* ke-plan
{ "tune": {
    "MT": [1, 2, 4, 8],
    "WM": [1, 2, 4],
    "NT": [2, 4, 8],
    "WN": [1, 2, 4],
    "KB": [64, 128],
    "UB": [8, 16],
    "BUFS": [1, 2],
    "GROUP": [1, 2, 4, 8, 16],
    "DIES": [1, 6, 8]},
  "choice": [
    {"when": "M <= 128", "MT": 1, "WM": 2, "NT": 2, "WN": 2, "KB": 128,
     "UB": 8, "BUFS": 2, "GROUP": 2, "DIES": 8},
    {"MT": 4, "WM": 2, "NT": 4, "WN": 2, "KB": 64, "UB": 8, "BUFS": 1,
     "GROUP": 8, "DIES": 8}],
  "require": [
    "MT*NT <= 32",
    "BUFS*16*(MT*WM + NT*WN)*(KB + 16) <= 65536"],
  "constants": ["N", "K"],
  "launches": [
    {"kernel": "gemm", "grid": ["cdiv(M, 16*MT*WM)*cdiv(N, 16*NT*WN)"],
     "block": ["64*WM*WN"], "args": ["A", "B", "C", "M", "N", "K"]}] }

MFMA of 16 by 16 on tiles that WM by WN waves share, each with MT*16 rows and
NT*16 columns of sums in registers.  KB bytes of k at a time come through LDS,
in BUFS buffers; what comes next is in registers while a step is multiplied.

LDS has rows of A and columns of B, k without gaps, so that both operands are
read 16 bytes a lane; which k a lane has is free as long as both agree.  B is
turned in registers, UB bytes of k by NT columns for each lane.  Of a wave's
16*NT columns the one NT*i + t lies in row t*16 + i, so that writes meet no bank
twice, and a lane's NT sums of a row are neighbours: it stores them together.
Rows are 16 bytes longer than they need be, for the reads' banks.

GROUP rows of tiles are walked together, for the second-level cache, of which
each of DIES dies has its own: 8 on an MI300X, 6 on an MI300A, 1 on gfx90a.
gfx90a's MFMA takes subnormal f16 for zero; gfx942's doesn't. */

#define MT	KE_MT
#define NT	KE_NT
#define KB	KE_KB
#define SIZE	((int)sizeof(ke_t))
#define V	(16 / SIZE)		/* elements in 16 bytes */
#define BM	(16 * MT * KE_WM)
#define BN	(16 * NT * KE_WN)
#define BK	(KB / SIZE)
#define P	(KB + 16)		/* pitch of a row in LDS, bytes */
#define BUFFER	((BM + BN) * P)
#define THREADS	(64 * KE_WM * KE_WN)
#define H	(KE_UB / SIZE)		/* a unit's rows, words of one */
#define W	(NT * SIZE / 4)
#define UNITS	(BK / H * 16 * KE_WN)
#define AN	((BM * KB / 16 + THREADS - 1) / THREADS)
#define BU	((UNITS + THREADS - 1) / THREADS)
#define PARTS	(SIZE == 2 ? 2 : 4)	/* MFMAs for 16 bytes of k */

typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef _Float16 f16x4 __attribute__((ext_vector_type(4)));

struct alignas(16) piece {
	uint32_t w[4];
};

struct unit {
	uint32_t w[H][W];
};

template <int WORDS>
struct __attribute__((packed)) loose {	/* may begin anywhere */
	uint32_t w[WORDS];
};

/* COUNT elements of a row of LENGTH, of which those past the first n are zero;
 * where COUNT divides LENGTH, all are there or none. */
template <int COUNT, int LENGTH>
static __device__ __forceinline__ void
fetch(uint32_t *to, const ke_t *from, int n)
{
	constexpr int words = COUNT * SIZE / 4;

	if (n >= COUNT) {
		loose<words> v = *(const loose<words> *)from;

#pragma unroll
		for (int i = 0; i < words; i++)
			to[i] = v.w[i];
		return;
	}
#pragma unroll
	for (int i = 0; i < words; i++)
		to[i] = 0;
	if (LENGTH % COUNT == 0)
		return;
#pragma unroll
	for (int i = 0; i < COUNT; i++) {
		uint32_t v = 0;

		if (i < n) {
			__builtin_memcpy(&v, from + i, SIZE);
			to[i * SIZE / 4] |= v << i * SIZE % 4 * 8;
		}
	}
}

/* Rows beyond the last are the last: what comes of them isn't stored. */
static __device__ __forceinline__ void
load_a(piece (&r)[AN], const ke_t *A, int row, int k, int M)
{
#pragma unroll
	for (int i = 0; i < AN; i++) {
		int c = threadIdx.x + i * THREADS;
		int y = min(row + c / (KB / 16), M - 1);
		int x = k + c % (KB / 16) * V;
		int left = KE_K % BK == 0 ? V : KE_K - x;

		fetch<V, KE_K>(r[i].w, A + (int64_t)y * KE_K + x, left);
	}
}

static __device__ __forceinline__ void
load_b(unit (&r)[BU], const ke_t *B, int column, int k)
{
#pragma unroll
	for (int i = 0; i < BU; i++) {
		int u = min((int)threadIdx.x + i * THREADS, UNITS - 1);
		int x = column + u % (16 * KE_WN) * NT;
		int y = k + u / (16 * KE_WN) * H;
		int left = KE_N - x;

		if (KE_N % NT == 0) {
			x = min(x, KE_N - NT);
			left = NT;
		}
#pragma unroll
		for (int h = 0; h < H; h++)
			fetch<NT, KE_N>(r[i].w[h],
			    B + (int64_t)(y + h) * KE_N + x,
			    KE_K % BK == 0 || y + h < KE_K ? left : 0);
	}
}

static __device__ __forceinline__ void
put_a(unsigned char *to, const piece (&r)[AN])
{
#pragma unroll
	for (int i = 0; i < AN; i++) {
		int c = threadIdx.x + i * THREADS;

		if (BM * KB / 16 % THREADS == 0 || c < BM * KB / 16)
			*(piece *)(to + c / (KB / 16) * P +
			    c % (KB / 16) * 16) = r[i];
	}
}

/* The H elements of column t, one behind the other. */
static __device__ __forceinline__ void
turn(uint32_t *to, const unit &u, int t)
{
#pragma unroll
	for (int i = 0; i < KE_UB / 4; i++) {
#ifdef KE_T_f16
		uint32_t a = u.w[2 * i][t / 2], b = u.w[2 * i + 1][t / 2];

		to[i] = t % 2 ? a >> 16 | (b & 0xffff0000)
		    : (a & 0xffff) | b << 16;
#else
		to[i] = u.w[i][t];
#endif
	}
}

static __device__ __forceinline__ void
put_b(unsigned char *to, const unit (&r)[BU])
{
#pragma unroll
	for (int i = 0; i < BU; i++) {
		int u = threadIdx.x + i * THREADS;
		int x = u % (16 * KE_WN), y = u / (16 * KE_WN);
		unsigned char *p = to + (x / 16 * 16 * NT + x % 16) * P +
		    y * KE_UB;

		if (UNITS % THREADS != 0 && u >= UNITS)
			continue;
#pragma unroll
		for (int t = 0; t < NT; t++) {
			struct alignas(KE_UB) {
				uint32_t w[KE_UB / 4];
			} v;

			turn(v.w, r[i], t);
			*(decltype(v) *)(p + t * 16 * P) = v;
		}
	}
}

/* d += a b, for a part of the 16 bytes of k of each lane. */
static __device__ __forceinline__ void
mma(f32x4 &d, const piece &a, const piece &b, int part)
{
#ifdef KE_T_f16
	union {
		uint32_t w[2];
		f16x4 v;
	} p = {{a.w[2 * part], a.w[2 * part + 1]}},
	    q = {{b.w[2 * part], b.w[2 * part + 1]}};

	d = __builtin_amdgcn_mfma_f32_16x16x16f16(p.v, q.v, d, 0, 0, 0);
#else
	d = __builtin_amdgcn_mfma_f32_16x16x4f32(__uint_as_float(a.w[part]),
	    __uint_as_float(b.w[part]), d, 0, 0, 0);
#endif
}

/* NT neighbours of a row, of which there are n. */
static __device__ __forceinline__ void
store(ke_t *to, const float *v, int n)
{
	loose<W> out;

#pragma unroll
	for (int i = 0; i < W; i++) {
#ifdef KE_T_f16
		__half2 h = __floats2half2_rn(v[2 * i], v[2 * i + 1]);

		__builtin_memcpy(&out.w[i], &h, 4);
#else
		out.w[i] = __float_as_uint(v[i]);
#endif
	}
	if (n >= NT)
		*(loose<W> *)to = out;
	else if (KE_N % NT != 0)
		for (int i = 0; i < n; i++)
			to[i] = (ke_t)v[i];
}

/* Blocks go to the dies in turn: which of all a block is to be, so that each
 * die has neighbours. */
static __device__ __forceinline__ int
place(int id, int all)
{
	constexpr int n = KE_DIES;

	return id % n * (all / n) + min(id % n, all % n) + id / n;
}

extern "C" __global__ void __launch_bounds__(THREADS)
gemm(const ke_t *__restrict__ A, const ke_t *__restrict__ B,
    ke_t *__restrict__ C, int M, int N, int K)
{
	__shared__ piece shared[KE_BUFS * BUFFER / 16];
	constexpr int columns = (KE_N + BN - 1) / BN;
	int rows = (M + BM - 1) / BM;
	int id = place(blockIdx.x, rows * columns);
	int group = id / (KE_GROUP * columns);
	int in = id - group * KE_GROUP * columns;
	int height = min(KE_GROUP, rows - group * KE_GROUP);
	int row = (group * KE_GROUP + in % height) * BM;
	int column = in / height * BN;
	int lane = threadIdx.x % 64, wave = threadIdx.x / 64;
	int wm = wave % KE_WM * 16 * MT, wn = wave / KE_WM * 16 * NT;
	int at = lane % 16 * P + lane / 16 * 16;
	f32x4 d[MT][NT] = {};
	piece a[AN];
	unit b[BU];

	load_a(a, A, row, 0, M);
	load_b(b, B, column, 0);
	for (int k = 0, slot = 0; k < KE_K; k += BK) {
		unsigned char *s = (unsigned char *)shared + slot * BUFFER;

		if (KE_BUFS == 1)
			__syncthreads();
		else
			slot ^= 1;
		put_a(s, a);
		put_b(s + BM * P, b);
		__syncthreads();
		if (k + BK < KE_K) {
			load_a(a, A, row, k + BK, M);
			load_b(b, B, column, k + BK);
		}
#pragma unroll
		for (int kk = 0; kk < KB; kk += 64) {
			piece fa[MT], fb[NT];

#pragma unroll
			for (int i = 0; i < MT; i++)
				fa[i] = *(const piece *)(s + at + kk +
				    (wm + i * 16) * P);
#pragma unroll
			for (int j = 0; j < NT; j++)
				fb[j] = *(const piece *)(s + at + kk +
				    (BM + wn + j * 16) * P);
#pragma unroll
			for (int part = 0; part < PARTS; part++)
#pragma unroll
				for (int i = 0; i < MT; i++)
#pragma unroll
					for (int j = 0; j < NT; j++)
						mma(d[i][j], fa[i], fb[j],
						    part);
		}
	}
#pragma unroll
	for (int i = 0; i < MT; i++)
#pragma unroll
		for (int h = 0; h < 4; h++) {
			int r = row + wm + i * 16 + lane / 16 * 4 + h;
			int c = column + wn + lane % 16 * NT;
			float v[NT];

#pragma unroll
			for (int j = 0; j < NT; j++)
				v[j] = d[i][j][h];
			if (r < M)
				store(C + (int64_t)r * KE_N + c, v, KE_N - c);
		}
}
