/* ke-plan
{ "tune": {
    "WARPS": [2, 4, 8, 16],
    "NB": [4, 8, 16],
    "STAGES": [1, 2, 3, 4, 6],
    "SPLIT": [1, 2, 3, 4, 8]},
  "choice": [
    {"when": "N > 64", "WARPS": 4, "NB": 4, "STAGES": 1, "SPLIT": 1},
    {"when": "K >= 1024", "WARPS": 4, "NB": 8, "STAGES": 4, "SPLIT": 1},
    {"WARPS": 4, "NB": 8, "STAGES": 2, "SPLIT": 1}],
  "require": [
    "2*(cdiv(N, 16)*16*(cdiv(D, 16)*16 + 8) + 2*cdiv(N, 16)*16*(cdiv(N, 16)*16 + 8) + (STAGES*N + 17)*WARPS*(8*NB + 8)) + 4*cdiv(N, 16)*16*(cdiv(N, 16)*16 + 2) <= 232448"],
  "constants": ["N", "D", "K"],
  "domain": ["N <= 144"],
  "launches": [
    {"kernel": "fm", "grid": ["min(SPLIT, cdiv(K, 8*NB))", "B"],
     "block": ["32*WARPS"],
     "shared": "2*(cdiv(N, 16)*16*(cdiv(D, 16)*16 + 8) + 2*cdiv(N, 16)*16*(cdiv(N, 16)*16 + 8) + (STAGES*N + 17)*WARPS*(8*NB + 8)) + 4*cdiv(N, 16)*16*(cdiv(N, 16)*16 + 2)",
     "args": ["X", "Y", "out"]}] }

X X^T first, a small matrix; then that times Y, which passes once.  A block
takes one sample and, of SPLIT blocks, its part of the columns.

X X^T is summed on the tensor cores in f32.  Its rows, scaled by powers of two,
are split in two parts of f16, so that the product with Y, on the tensor cores
again, loses nothing that f32 would keep.

From there on each warp is by itself: 8*NB columns of Y at a time come by
asynchronous copies, STAGES of them ahead; sixteen rows of the result at a time
are laid out in shared memory and stored in whole lines.  Where K is no multiple
of eight, rows are aligned to four bytes only, and copied by words. */

#ifndef KE_T_f16
#error "for f16"
#endif

#define N	KE_N
#define D	KE_D
#define K	KE_K
#define NP	((N + 15) / 16 * 16)
#define DP	((D + 15) / 16 * 16)
#define WARPS	KE_WARPS
#define THREADS	(32 * WARPS)
#define NB	KE_NB
#define STAGES	KE_STAGES
#define PX	(DP + 8)	/* pitches, in elements */
#define PG	(NP + 2)
#define PH	(NP + 8)
#define PY	(8 * NB + 8)

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
copy4(void *to, const void *from, int bytes)
{
	asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
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

/* A sample of X, with zeros up to NP rows and DP columns. */
static __device__ __forceinline__ void
load_x(__half *to, const __half *x)
{
	if constexpr (D % 8 == 0) {
		for (int i = threadIdx.x; i < NP * DP / 8; i += THREADS) {
			int r = i / (DP / 8), c = i % (DP / 8) * 8;
			bool in = r < N && c < D;

			copy16(to + r * PX + c, in ? x + r * D + c : x,
			    in ? 16 : 0);
		}
	} else {
		for (int i = threadIdx.x; i < NP * DP; i += THREADS) {
			int r = i / DP, c = i % DP;

			to[r * PX + c] = r < N && c < D ? x[r * D + c]
			    : (__half)0.0f;
		}
	}
}

/* A warp's columns of Y from c on, with zeros behind the last. */
static __device__ __forceinline__ void
load_y(__half *to, const __half *y, int c, int lane)
{
	if constexpr (K % 8 == 0) {
		for (int i = lane; i < N * NB; i += 32) {
			int r = i / NB, j = i % NB * 8;
			bool in = c + j < K;

			copy16(to + r * PY + j, in ? y + r * K + c + j : y,
			    in ? 16 : 0);
		}
	} else if constexpr (K % 2 == 0) {
		for (int i = lane; i < N * NB * 4; i += 32) {
			int r = i / (NB * 4), j = i % (NB * 4) * 2;
			bool in = c + j < K;

			copy4(to + r * PY + j, in ? y + r * K + c + j : y,
			    in ? 4 : 0);
		}
	} else {
		for (int i = lane; i < N * NB * 8; i += 32) {
			int r = i / (NB * 8), j = i % (NB * 8);

			to[r * PY + j] = c + j < K ? y[r * K + c + j]
			    : (__half)0.0f;
		}
	}
}

/* Sixteen rows from row on, columns from c on, as they lie in from. */
static __device__ __forceinline__ void
store(__half *out, const __half *from, int row, int c, int lane)
{
	if constexpr (K % 8 == 0) {
		for (int i = lane; i < 16 * NB; i += 32) {
			int r = i / NB, j = i % NB * 8;

			if (row + r < N && c + j < K)
				*(uint4 *)(out + (row + r) * K + c + j) =
				    *(const uint4 *)(from + r * PY + j);
		}
	} else if constexpr (K % 2 == 0) {
		for (int i = lane; i < 16 * NB * 4; i += 32) {
			int r = i / (NB * 4), j = i % (NB * 4) * 2;

			if (row + r < N && c + j < K)
				*(uint32_t *)(out + (row + r) * K + c + j) =
				    *(const uint32_t *)(from + r * PY + j);
		}
	} else {
		for (int i = lane; i < 16 * NB * 8; i += 32) {
			int r = i / (NB * 8), j = i % (NB * 8);

			if (row + r < N && c + j < K)
				out[(row + r) * K + c + j] = from[r * PY + j];
		}
	}
}

/* X X^T, tiles of 16 by 16 for each warp in turn. */
static __device__ __forceinline__ void
gram(float *g, const __half *x, int warp, int lane)
{
	for (int t = warp; t < NP / 16 * (NP / 16); t += WARPS) {
		const __half *xa = x + t / (NP / 16) * 16 * PX;
		const __half *xb = x + t % (NP / 16) * 16 * PX;
		float d[2][4] = {};

#pragma unroll 4
		for (int k = 0; k < DP; k += 16) {
			uint32_t a[4], b[4];

			ldmatrix(a, xa + lane % 16 * PX + k + lane / 16 * 8);
			ldmatrix(b, xb + (lane % 8 + lane / 16 * 8) * PX + k +
			    lane / 8 % 2 * 8);
			mma(d[0], a, b);
			mma(d[1], a, b + 2);
		}
		for (int n = 0; n < 2; n++)
			for (int i = 0; i < 4; i++)
				g[(t / (NP / 16) * 16 + lane / 4 + i / 2 * 8) *
				    PG + t % (NP / 16) * 16 + n * 8 +
				    lane % 4 * 2 + i % 2] = d[n][i];
	}
}

/* Rows scaled so that the largest element is below 2^15, and split; the factor
 * that undoes it takes the place of the row's first element. */
static __device__ __forceinline__ void
split(__half *high, __half *low, float *g, int warp, int lane)
{
	for (int r = warp; r < NP; r += WARPS) {
		float most = 0;

		for (int c = lane; c < NP; c += 32)
			most = fmaxf(most, fabsf(g[r * PG + c]));
		for (int i = 16; i > 0; i /= 2)
			most = fmaxf(most, __shfl_xor_sync(~0u, most, i));

		int e = 268 - (__float_as_int(most) >> 23);
		float by = __int_as_float((e < 253 ? e : 253) << 23);

		for (int c = lane; c < NP; c += 32) {
			float v = g[r * PG + c] * by;
			__half h = __float2half_rn(v);

			high[r * PH + c] = h;
			low[r * PH + c] = __float2half_rn(v - (float)h);
		}
		__syncwarp();
		if (lane == 0)
			g[r * PG] = __int_as_float((254 -
			    (e < 253 ? e : 253)) << 23);
	}
}

/* A warp's columns of sixteen rows of the result. */
static __device__ __forceinline__ void
product(__half *to, const __half *high, const __half *low, const __half *y,
    const __half *zeros, const float *undo, int lane)
{
	float d[NB][4] = {};

#pragma unroll
	for (int k = 0; k < NP; k += 16) {
		const __half *row = k + lane % 16 < N
		    ? y + (k + lane % 16) * PY : zeros;
		int at = lane % 16 * PH + k + lane / 16 * 8;
		uint32_t a[4], c[4], b[NB / 2][4];

		ldmatrix(a, high + at);
		ldmatrix(c, low + at);
#pragma unroll
		for (int j = 0; j < NB / 2; j++)
			ldmatrix_t(b[j], row + j * 16 + lane / 16 * 8);
#pragma unroll
		for (int j = 0; j < NB; j++)
			mma(d[j], a, b[j / 2] + j % 2 * 2);
#pragma unroll
		for (int j = 0; j < NB; j++)
			mma(d[j], c, b[j / 2] + j % 2 * 2);
	}
	float u = undo[lane / 4 * PG], v = undo[(lane / 4 + 8) * PG];

	to += lane / 4 * PY + lane % 4 * 2;
#pragma unroll
	for (int j = 0; j < NB; j++) {
		*(uint32_t *)(to + j * 8) = pack(d[j][0] * u, d[j][1] * u);
		*(uint32_t *)(to + 8 * PY + j * 8) =
		    pack(d[j][2] * v, d[j][3] * v);
	}
}

extern "C" __global__ void __launch_bounds__(THREADS)
fm(const __half *__restrict__ X, const __half *__restrict__ Y,
    __half *__restrict__ out)
{
	extern __shared__ __align__(16) unsigned char shared[];
	__half *xs = (__half *)shared;
	__half *high = xs + NP * PX, *low = high + NP * PH;
	__half *ys = low + NP * PH;
	float *g = (float *)(ys + (STAGES * N + 17) * WARPS * PY);
	int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
	/* the warp's slots, rows to store, row of zeros */
	__half *slots = ys + warp * (STAGES * N + 17) * PY;
	__half *rows = slots + STAGES * N * PY, *zeros = rows + 16 * PY;
	int stride = WARPS * gridDim.x * NB * 8;
	int first = (blockIdx.x * WARPS + warp) * NB * 8;

	X += (int64_t)blockIdx.y * N * D;
	Y += (int64_t)blockIdx.y * N * K;
	out += (int64_t)blockIdx.y * N * K;
	load_x(xs, X);
	copy_commit();
	for (int i = 0; i < STAGES; i++) {
		int c = first + i * stride;

		if (c < K)
			load_y(slots + i * N * PY, Y, c, lane);
		copy_commit();
	}
	for (int i = lane; i < PY; i += 32)
		zeros[i] = (__half)0.0f;
	copy_wait<STAGES>();
	__syncthreads();
	gram(g, xs, warp, lane);
	__syncthreads();
	split(high, low, g, warp, lane);
	__syncthreads();
	for (int c = first, slot = 0; c < K; c += stride) {
		__half *y = slots + slot * N * PY;

		copy_wait<STAGES - 1>();
		__syncwarp();
		for (int r = 0; r < N; r += 16) {
			product(rows, high + r * PH, low + r * PH, y, zeros,
			    g + r * PG, lane);
			__syncwarp();
			store(out, rows, r, c, lane);
			__syncwarp();
		}
		if (c + STAGES * stride < K)
			load_y(y, Y, c + STAGES * stride, lane);
		copy_commit();
		slot = slot + 1 == STAGES ? 0 : slot + 1;
	}
}
