/* ke-plan
{ "tune": {
    "MT": [1, 2, 3, 4, 5, 7],
    "WM": [1, 2, 4],
    "WN": [2, 4, 8],
    "BK": [16, 32, 64],
    "STAGES": [2, 3, 4, 5],
    "SPLIT": [0, 1],
    "BLOCKS": [1, 2, 3]},
  "choice": [
    {"when": "D > 256", "MT": 1, "WM": 2, "WN": 4, "BK": 16, "STAGES": 3,
     "SPLIT": 1, "BLOCKS": 1},
    {"when": "N == 150", "MT": 5, "WM": 1, "WN": 8, "BK": 32, "STAGES": 4,
     "SPLIT": 1, "BLOCKS": 1},
    {"MT": 2, "WM": 2, "WN": 4, "BK": 32, "STAGES": 4, "SPLIT": 1,
     "BLOCKS": 2}],
  "require": [
    "4*MT*cdiv(max(D, K), 8*WN) <= 128",
    "32*WM*WN*BLOCKS*(4*MT*cdiv(max(D, K), 8*WN) + 32) <= 65536",
    "2*STAGES*max(16*MT*WM*(BK + 8) + BK*(8*WN*cdiv(K, 8*WN) + 8), BK*(8*WN*cdiv(D, 8*WN) + 8)) + 16*MT*WM*(2*(1 + SPLIT)*(max(8*WN*cdiv(K, 8*WN), cdiv(K, BK)*BK) + 8) + 4*WN) <= 232448"],
  "constants": ["N", "D", "K"],
  "launches": [
    {"kernel": "pffn", "grid": ["cdiv(N, 16*MT*WM)", "B"],
     "block": ["32*WM*WN"],
     "shared": "2*STAGES*max(16*MT*WM*(BK + 8) + BK*(8*WN*cdiv(K, 8*WN) + 8), BK*(8*WN*cdiv(D, 8*WN) + 8)) + 16*MT*WM*(2*(1 + SPLIT)*(max(8*WN*cdiv(K, 8*WN), cdiv(K, BK)*BK) + 8) + 4*WN)",
     "args": ["X", "W1", "b1", "g1", "W2", "b2", "g2", "y"]}] }

A block is 16*MT*WM rows of a sample, from X to y.  WM by WN warps share both
products; a warp has MT*16 rows and a WN-th of the columns, summed in registers.
X and W1, then W2, come BK steps at a time by asynchronous copies through STAGES
slots, W2's first while the first product ends.

gelu and its squares are taken in registers, the squares added up over the warps
that share a row, and h, normalized, goes to shared memory in f16 as the second
product's operand; where SPLIT is 1 in two parts, so that nothing is lost that
f32 would keep.  The second product's rows are normalized in registers too. */

#ifndef KE_T_f16
#error "for f16"
#endif

#define N	KE_N
#define D	KE_D
#define K	KE_K
#define MT	KE_MT
#define WN	KE_WN
#define BM	(16 * MT * KE_WM)
#define BK	KE_BK
#define STAGES	KE_STAGES
#define THREADS	(32 * KE_WM * WN)
#define NT1	((K + 8 * WN - 1) / (8 * WN))	/* of eight columns, a warp's */
#define NT2	((D + 8 * WN - 1) / (8 * WN))
#define KP	(8 * WN * NT1)
#define DP	(8 * WN * NT2)
#define S1	((D + BK - 1) / BK)	/* steps of the products */
#define S2	((K + BK - 1) / BK)
#define MOST(a, b) ((a) > (b) ? (a) : (b))
#define PX	(BK + 8)	/* pitches */
#define P1	(KP + 8)
#define P2	(DP + 8)
#define PH	(MOST(KP, S2 * BK) + 8)
#define SLOT	MOST(BM * PX + BK * P1, BK * P2)

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

template <int I>
static __device__ __forceinline__ void
copy_wait()
{
	asm volatile("cp.async.wait_group %0;" :: "n"(I) : "memory");
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

static __device__ __forceinline__ void
ldmatrix2_t(uint32_t *r, const void *p)
{
	asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 "
	    "{%0, %1}, [%2];" : "=r"(r[0]), "=r"(r[1])
	    : "r"(address(p)) : "memory");
}

static __device__ __forceinline__ void
mma(float *d, const uint32_t *a, const uint32_t *b)
{
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
	    "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
	    "{%0, %1, %2, %3};" : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]),
	    "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]),
	    "r"(b[0]), "r"(b[1]));
}

static __device__ __forceinline__ uint32_t
pack(float a, float b)
{
	__half2 v = __floats2half2_rn(a, b);

	return *(uint32_t *)&v;
}

/* H rows by W columns of a matrix of rows by LD, from (row, column) on; zeros
 * where it ends. */
template <int H, int W, int PITCH, int LD>
static __device__ __forceinline__ void
load_tile(__half *to, const __half *from, int row, int column, int rows)
{
	if constexpr (LD % 8 == 0) {
		for (int i = threadIdx.x; i < H * W / 8; i += THREADS) {
			int r = i / (W / 8), c = i % (W / 8) * 8;
			bool in = row + r < rows && column + c < LD;

			copy16(to + r * PITCH + c, in
			    ? from + (row + r) * LD + column + c : from,
			    in ? 16 : 0);
		}
	} else {
		for (int i = threadIdx.x; i < H * W; i += THREADS) {
			int r = i / W, c = i % W;
			bool in = row + r < rows && column + c < LD;

			to[r * PITCH + c] = in
			    ? from[(row + r) * LD + column + c]
			    : (__half)0.0f;
		}
	}
}

/* d += a b for a step: MT*16 rows of pitch PA by NT*8 columns of pitch PB.
 * Where LOW is not 0, a's second part is that much behind. */
template <int NT, int PA, int PB, int LOW>
static __device__ __forceinline__ void
multiply(float (&d)[MT][NT][4], const __half *a, const __half *b, int lane)
{
#pragma unroll
	for (int k = 0; k < BK; k += 16) {
		uint32_t f[NT + 1][2], g[4];
		const __half *at = b + (k + lane % 16) * PB;

#pragma unroll
		for (int j = 0; j + 1 < NT; j += 2)
			ldmatrix_t(f[j], at + (j + lane / 16) * 8);
		if (NT % 2 == 1)
			ldmatrix2_t(f[NT - 1], at + (NT - 1) * 8);
#pragma unroll
		for (int m = 0; m < MT; m++) {
			ldmatrix(g, a + (m * 16 + lane % 16) * PA + k +
			    lane / 16 * 8);
#pragma unroll
			for (int j = 0; j < NT; j++)
				mma(d[m][j], g, f[j]);
			if (LOW == 0)
				continue;
			ldmatrix(g, a + LOW + (m * 16 + lane % 16) * PA + k +
			    lane / 16 * 8);
#pragma unroll
			for (int j = 0; j < NT; j++)
				mma(d[m][j], g, f[j]);
		}
	}
}

/* Of each of the warp's rows, 1 / sqrt(mean of squares + 1e-6) over all warps
 * that share it. */
template <int NT>
static __device__ __forceinline__ void
norms(float (&r)[MT][2], float (&d)[MT][NT][4], float *sums, int wm, int wn,
    int width, int lane)
{
#pragma unroll
	for (int m = 0; m < MT; m++) {
#pragma unroll
		for (int h = 0; h < 2; h++) {
			float s = 0;

#pragma unroll
			for (int j = 0; j < NT; j++)
				s += d[m][j][h * 2] * d[m][j][h * 2] +
				    d[m][j][h * 2 + 1] * d[m][j][h * 2 + 1];
			s += __shfl_xor_sync(~0u, s, 1);
			s += __shfl_xor_sync(~0u, s, 2);
			if (lane % 4 == 0)
				sums[(wm + m * 16 + h * 8 + lane / 4) * WN +
				    wn] = s;
		}
	}
	__syncthreads();
#pragma unroll
	for (int m = 0; m < MT; m++) {
#pragma unroll
		for (int h = 0; h < 2; h++) {
			float s = 0;

			for (int i = 0; i < WN; i++)
				s += sums[(wm + m * 16 + h * 8 + lane / 4) *
				    WN + i];
			r[m][h] = rsqrtf(s / width + 1e-6f);
		}
	}
}

/* Two fragments of a row beside each other: lanes in pairs change words, so
 * that each stores four columns. */
static __device__ __forceinline__ void
store(__half *y, bool row, int c, const float *v, int lane)
{
	int q = lane % 4;

	if constexpr (D % 8 == 0) {
		uint32_t a = pack(v[0], v[1]), b = pack(v[2], v[3]);
		uint32_t t = __shfl_xor_sync(~0u, q & 1 ? a : b, 1);
		uint2 out = q & 1 ? make_uint2(t, b) : make_uint2(a, t);

		c += (q & 1) * 8 + (q & 2) * 2;
		if (row && c < D)
			*(uint2 *)(y + c) = out;
	} else {
		for (int i = 0; i < 4; i++) {
			int at = c + i / 2 * 8 + q * 2 + i % 2;

			if (row && at < D)
				y[at] = (__half)v[i];
		}
	}
}

extern "C" __global__ void __launch_bounds__(THREADS, KE_BLOCKS)
pffn(const __half *__restrict__ X, const __half *__restrict__ W1,
    const __half *__restrict__ b1, const __half *__restrict__ g1,
    const __half *__restrict__ W2, const __half *__restrict__ b2,
    const __half *__restrict__ g2, __half *__restrict__ y)
{
	extern __shared__ __align__(16) unsigned char shared[];
	__half *slots = (__half *)shared, *high = slots + STAGES * SLOT;
	__half *low = high + BM * PH;
	float *sums = (float *)(high + (1 + KE_SPLIT) * BM * PH);
	int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
	int wn = warp % WN, wm = warp / WN * MT * 16;
	int row = blockIdx.x * BM;
	bool some = row + wm < N;	/* or has the warp no rows at all? */
	float d[MT][NT1][4] = {}, r[MT][2];
	int step = 0;

	X += (int64_t)blockIdx.y * N * D;
	W1 += (int64_t)blockIdx.y * D * K;
	W2 += (int64_t)blockIdx.y * K * D;
	y += (int64_t)blockIdx.y * N * D;

	auto load = [&](int i) {
		__half *to = slots + i % STAGES * SLOT;

		if (i < S1) {
			load_tile<BM, BK, PX, D>(to, X, row, i * BK, N);
			load_tile<BK, KP, P1, K>(to + BM * PX, W1, i * BK, 0,
			    D);
		} else if (i < S1 + S2) {
			load_tile<BK, DP, P2, D>(to, W2, (i - S1) * BK, 0, K);
		}
		copy_commit();
	};

	for (int i = 0; i < STAGES - 1; i++)
		load(i);
	for (; step < S1; step++) {
		const __half *a = slots + step % STAGES * SLOT;

		copy_wait<STAGES - 2>();
		__syncthreads();
		load(step + STAGES - 1);
		if (some)
			multiply<NT1, PX, P1, 0>(d, a + wm * PX,
			    a + BM * PX + wn * NT1 * 8, lane);
	}

#pragma unroll
	for (int j = 0; j < NT1; j++) {
#pragma unroll
		for (int i = 0; i < 2; i++) {
			int c = (wn * NT1 + j) * 8 + lane % 4 * 2 + i;
			float b = c < K
			    ? (float)b1[(int64_t)blockIdx.y * K + c] : 0;

#pragma unroll
			for (int m = 0; m < MT; m++)
#pragma unroll
				for (int h = 0; h < 4; h += 2) {
					float s = d[m][j][h + i] + b;

					d[m][j][h + i] = 0.5f * s *
					    (1 + erff(s * 0.70710678f));
				}
		}
	}
	norms<NT1>(r, d, sums, wm, wn, K, lane);
#pragma unroll
	for (int j = 0; j < NT1; j++) {
		int c = (wn * NT1 + j) * 8 + lane % 4 * 2;
		float g = c < K ? (float)g1[c] : 0;
		float e = c + 1 < K ? (float)g1[c + 1] : 0;

#pragma unroll
		for (int m = 0; m < MT; m++) {
#pragma unroll
			for (int h = 0; h < 2; h++) {
				float a = d[m][j][h * 2] * r[m][h] * g;
				float b = d[m][j][h * 2 + 1] * r[m][h] * e;
				__half2 p = __floats2half2_rn(a, b);
				int at = (wm + m * 16 + h * 8 + lane / 4) *
				    PH + c;

				*(uint32_t *)(high + at) = *(uint32_t *)&p;
				if (KE_SPLIT) {
					float2 f = __half22float2(p);

					*(uint32_t *)(low + at) =
					    pack(a - f.x, b - f.y);
				}
			}
		}
	}
	/* steps of the second product beyond the first one's columns */
	constexpr int more = MOST(S2 * BK - KP, 0);
	for (int i = threadIdx.x; i < BM * more; i += THREADS) {
		int at = i / MOST(more, 1) * PH + KP + i % MOST(more, 1);

		high[at] = (__half)0.0f;
		if (KE_SPLIT)
			low[at] = (__half)0.0f;
	}

	float v[MT][NT2][4] = {};

	for (; step < S1 + S2; step++) {
		const __half *b = slots + step % STAGES * SLOT + wn * NT2 * 8;
		int at = wm * PH + (step - S1) * BK;

		copy_wait<STAGES - 2>();
		__syncthreads();
		load(step + STAGES - 1);
		if (some)
			multiply<NT2, PH, P2, KE_SPLIT * BM * PH>(v,
			    high + at, b, lane);
	}

#pragma unroll
	for (int j = 0; j < NT2; j++) {
#pragma unroll
		for (int i = 0; i < 2; i++) {
			int c = (wn * NT2 + j) * 8 + lane % 4 * 2 + i;
			float b = c < D
			    ? (float)b2[(int64_t)blockIdx.y * D + c] : 0;

#pragma unroll
			for (int m = 0; m < MT; m++) {
				v[m][j][i] += b;
				v[m][j][i + 2] += b;
			}
		}
	}
	norms<NT2>(r, v, sums, wm, wn, D, lane);
#pragma unroll
	for (int j = 0; j < NT2; j += 2) {
		int c = (wn * NT2 + j) * 8;
		float g[4];

#pragma unroll
		for (int i = 0; i < 4; i++) {
			int at = c + i / 2 * 8 + lane % 4 * 2 + i % 2;

			g[i] = at < D ? (float)g2[at] : 0;
		}
#pragma unroll
		for (int m = 0; m < MT; m++) {
#pragma unroll
			for (int h = 0; h < 2; h++) {
				int n = row + wm + m * 16 + h * 8 + lane / 4;
				/* an odd last fragment has none beside it */
				constexpr int last = NT2 - 1;
				const float *p = v[m][j] + h * 2;
				const float *q = v[m][j < last ? j + 1 : j] +
				    h * 2;
				float out[4] = {p[0] * r[m][h] * g[0],
				    p[1] * r[m][h] * g[1],
				    q[0] * r[m][h] * g[2],
				    q[1] * r[m][h] * g[3]};

				if (j < last)
					store(y + (int64_t)n * D, n < N, c,
					    out, lane);
				else
					for (int i = 0; i < 2; i++)
						if (n < N && c + lane % 4 *
						    2 + i < D)
							y[(int64_t)n * D + c +
							    lane % 4 * 2 + i] =
							    (__half)out[i];
			}
		}
	}
}
