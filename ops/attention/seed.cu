/* ke-plan
{ "tune": {
    "MT": [1, 2],
    "WARPS": [2, 4, 8],
    "BN": [16, 32, 64, 128],
    "STAGES": [2, 3, 4],
    "BLOCKS": [1, 2, 3, 4],
    "SPLIT": [0, 1]},
  "choice": [
    {"when": "D <= 64", "MT": 2, "WARPS": 4, "BN": 64, "STAGES": 2,
     "BLOCKS": 2, "SPLIT": 0},
    {"when": "D <= 128", "MT": 2, "WARPS": 4, "BN": 32, "STAGES": 3,
     "BLOCKS": 2, "SPLIT": 0},
    {"MT": 1, "WARPS": 4, "BN": 32, "STAGES": 2, "BLOCKS": 1, "SPLIT": 0}],
  "require": [
    "MT*(8*cdiv(D, 16) + BN/2) <= 200",
    "32*WARPS*BLOCKS*(MT*(8*cdiv(D, 16) + BN/2) + 60) <= 65536",
    "2*(16*cdiv(D, 16) + 8)*(16*MT*WARPS + 2*STAGES*BN) <= 232448"],
  "constants": ["S", "D", "causal"],
  "launches": [
    {"kernel": "attention", "grid": ["cdiv(S, 16*MT*WARPS)", "B*H"],
     "block": ["32*WARPS"],
     "shared": "2*(16*cdiv(D, 16) + 8)*(16*MT*WARPS + 2*STAGES*BN)",
     "args": ["q", "k", "v", "y"]}] }

A block is 16*MT*WARPS rows of one head, the last rows first where causal is 1,
for they are the most work.  BN keys and values at a time come by asynchronous
copies through STAGES slots; each warp has all of them for its MT*16 rows.
Scores, the running maximum and sum, and the result stay in registers; the
weights' fragments are the scores' own, rounded to f16, or where SPLIT is 1
taken in two parts, so that nothing is lost that f32 would keep.  With causal,
keys behind a block's last row aren't read. */

#ifndef KE_T_f16
#error "for f16"
#endif

#define S	KE_S
#define D	KE_D
#define DP	((D + 15) / 16 * 16)
#define MT	KE_MT
#define BM	(16 * MT * KE_WARPS)
#define BN	KE_BN
#define STAGES	KE_STAGES
#define THREADS	(32 * KE_WARPS)
#define P	(DP + 8)
#define SLOT	(2 * BN * P)
#define LEAST	__int_as_float(0xff800000)	/* minus infinity */

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
mma(float *d, const uint32_t *a, const uint32_t *b)
{
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
	    "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
	    "{%0, %1, %2, %3};" : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]),
	    "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]),
	    "r"(b[0]), "r"(b[1]));
}

static __device__ __forceinline__ float
exp2_fast(float x)
{
	float y;

	asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
	return y;
}

static __device__ __forceinline__ uint32_t
pack(float a, float b)
{
	__half2 v = __floats2half2_rn(a, b);

	return *(uint32_t *)&v;
}

/* What packing lost. */
static __device__ __forceinline__ uint32_t
rest(float a, float b, uint32_t packed)
{
	float2 f = __half22float2(*(__half2 *)&packed);

	return pack(a - f.x, b - f.y);
}

/* H rows of a head from row on, with zeros behind the last and beside D. */
template <int H>
static __device__ __forceinline__ void
load_rows(__half *to, const __half *from, int row)
{
	if constexpr (D % 8 == 0) {
		for (int i = threadIdx.x; i < H * DP / 8; i += THREADS) {
			int r = i / (DP / 8), c = i % (DP / 8) * 8;
			bool in = row + r < S && c < D;

			copy16(to + r * P + c, in
			    ? from + (int64_t)(row + r) * D + c : from,
			    in ? 16 : 0);
		}
	} else {
		for (int i = threadIdx.x; i < H * DP; i += THREADS) {
			int r = i / DP, c = i % DP;

			to[r * P + c] = row + r < S && c < D
			    ? from[(int64_t)(row + r) * D + c]
			    : (__half)0.0f;
		}
	}
}

/* s = q k^T */
static __device__ __forceinline__ void
scores(float (&s)[MT][BN / 8][4], const __half *q, const __half *k, int lane)
{
#pragma unroll
	for (int m = 0; m < MT; m++)
#pragma unroll
		for (int j = 0; j < BN / 8; j++)
#pragma unroll
			for (int i = 0; i < 4; i++)
				s[m][j][i] = 0;
#pragma unroll
	for (int c = 0; c < DP; c += 16) {
		uint32_t a[MT][4];

#pragma unroll
		for (int m = 0; m < MT; m++)
			ldmatrix(a[m], q + (m * 16 + lane % 16) * P + c +
			    lane / 16 * 8);
#pragma unroll
		for (int j = 0; j < BN / 8; j += 2) {
			uint32_t b[4];

			ldmatrix(b, k + (j * 8 + lane % 8 + lane / 16 * 8) *
			    P + c + lane / 8 % 2 * 8);
#pragma unroll
			for (int m = 0; m < MT; m++) {
				mma(s[m][j], a[m], b);
				mma(s[m][j + 1], a[m], b + 2);
			}
		}
	}
}

/* Keys from key on that don't count for the rows from row on. */
static __device__ __forceinline__ void
mask(float (&s)[MT][BN / 8][4], int row, int key, int lane)
{
#pragma unroll
	for (int m = 0; m < MT; m++)
#pragma unroll
		for (int j = 0; j < BN / 8; j++)
#pragma unroll
			for (int i = 0; i < 4; i++) {
				int r = row + m * 16 + lane / 4 + i / 2 * 8;
				int c = key + j * 8 + lane % 4 * 2 + i % 2;

				if (c >= S || (KE_causal && c > r))
					s[m][j][i] = LEAST;
			}
}

/* The scores become weights, relative to the largest so far. */
static __device__ __forceinline__ void
weights(float (&s)[MT][BN / 8][4], float (&most)[MT][2], float (&sum)[MT][2],
    float (&y)[MT][DP / 8][4], float scale)
{
#pragma unroll
	for (int m = 0; m < MT; m++) {
#pragma unroll
		for (int h = 0; h < 2; h++) {
			float x = LEAST, t = 0;

#pragma unroll
			for (int j = 0; j < BN / 8; j++)
				x = fmaxf(x, fmaxf(s[m][j][h * 2],
				    s[m][j][h * 2 + 1]));
			x = fmaxf(x, __shfl_xor_sync(~0u, x, 1));
			x = fmaxf(x, __shfl_xor_sync(~0u, x, 2));
			x = fmaxf(x * scale, most[m][h]);

			float shrink = exp2_fast(most[m][h] - x);

			most[m][h] = x;
#pragma unroll
			for (int j = 0; j < BN / 8; j++)
#pragma unroll
				for (int i = h * 2; i < h * 2 + 2; i++) {
					s[m][j][i] = exp2_fast(
					    fmaf(s[m][j][i], scale, -x));
					t += s[m][j][i];
				}
			sum[m][h] = sum[m][h] * shrink + t;
#pragma unroll
			for (int j = 0; j < DP / 8; j++) {
				y[m][j][h * 2] *= shrink;
				y[m][j][h * 2 + 1] *= shrink;
			}
		}
	}
}

/* y += p v */
static __device__ __forceinline__ void
values(float (&y)[MT][DP / 8][4], const float (&p)[MT][BN / 8][4],
    const __half *v, int lane)
{
#pragma unroll
	for (int k = 0; k < BN / 16; k++) {
		uint32_t a[MT][4], e[MT][4];

#pragma unroll
		for (int m = 0; m < MT; m++)
#pragma unroll
			for (int i = 0; i < 4; i++) {
				const float *w = p[m][2 * k + i / 2] +
				    i % 2 * 2;

				a[m][i] = pack(w[0], w[1]);
				if (KE_SPLIT)
					e[m][i] = rest(w[0], w[1], a[m][i]);
			}
#pragma unroll
		for (int j = 0; j < DP / 8; j += 2) {
			uint32_t b[4];

			ldmatrix_t(b, v + (k * 16 + lane % 16) * P + j * 8 +
			    lane / 16 * 8);
#pragma unroll
			for (int m = 0; m < MT; m++) {
				mma(y[m][j], a[m], b);
				mma(y[m][j + 1], a[m], b + 2);
				if (KE_SPLIT) {
					mma(y[m][j], e[m], b);
					mma(y[m][j + 1], e[m], b + 2);
				}
			}
		}
	}
}

/* Two fragments of a row beside each other: lanes in pairs change words, so
 * that each stores four columns. */
static __device__ __forceinline__ void
store(__half *y, bool row, int c, const float *d, const float *e, float by,
    int lane)
{
	int q = lane % 4;

	if constexpr (D % 8 == 0) {
		uint32_t a = pack(d[0] * by, d[1] * by);
		uint32_t b = pack(e[0] * by, e[1] * by);
		uint32_t t = __shfl_xor_sync(~0u, q & 1 ? a : b, 1);
		uint2 out = q & 1 ? make_uint2(t, b) : make_uint2(a, t);

		c += (q & 1) * 8 + (q & 2) * 2;
		if (row && c < D)
			*(uint2 *)(y + c) = out;
	} else {
		for (int i = 0; i < 2; i++) {
			int at = c + q * 2 + i;

			if (row && at < D)
				y[at] = (__half)(d[i] * by);
			if (row && at + 8 < D)
				y[at + 8] = (__half)(e[i] * by);
		}
	}
}

extern "C" __global__ void __launch_bounds__(THREADS, KE_BLOCKS)
attention(const __half *__restrict__ q, const __half *__restrict__ k,
    const __half *__restrict__ v, __half *__restrict__ y)
{
	extern __shared__ __align__(16) unsigned char shared[];
	__half *qs = (__half *)shared, *slots = qs + BM * P;
	int lane = threadIdx.x % 32;
	int row = (KE_causal ? gridDim.x - 1 - blockIdx.x : blockIdx.x) * BM;
	int first = row + threadIdx.x / 32 * MT * 16;	/* the warp's */
	int keys = KE_causal ? min(S, row + BM) : S;
	int steps = (keys + BN - 1) / BN;
	int64_t head = (int64_t)blockIdx.y * S * D;
	float scale = 1.44269504f / sqrtf((float)D);	/* and base two */
	float out[MT][DP / 8][4] = {}, most[MT][2], sum[MT][2];

#pragma unroll
	for (int m = 0; m < MT; m++)
#pragma unroll
		for (int h = 0; h < 2; h++) {
			most[m][h] = LEAST;
			sum[m][h] = 0;
		}

	auto load = [&](int step) {
		__half *to = slots + step % STAGES * SLOT;

		if (step < steps) {
			load_rows<BN>(to, k + head, step * BN);
			load_rows<BN>(to + BN * P, v + head, step * BN);
		}
		copy_commit();
	};

	load_rows<BM>(qs, q + head, row);
	for (int i = 0; i < STAGES - 1; i++)
		load(i);
	for (int step = 0; step < steps; step++) {
		const __half *ks = slots + step % STAGES * SLOT;
		float s[MT][BN / 8][4];

		copy_wait<STAGES - 2>();
		__syncthreads();
		load(step + STAGES - 1);
		if (KE_causal && step * BN > first + MT * 16 - 1)
			continue;
		scores(s, qs + (first - row) * P, ks, lane);
		if (step * BN + BN > S ||
		    (KE_causal && step * BN + BN - 1 > first))
			mask(s, first, step * BN, lane);
		weights(s, most, sum, out, scale);
		values(out, s, ks + BN * P, lane);
	}
#pragma unroll
	for (int m = 0; m < MT; m++) {
#pragma unroll
		for (int h = 0; h < 2; h++) {
			int r = first + m * 16 + h * 8 + lane / 4;
			float t = sum[m][h];

			t += __shfl_xor_sync(~0u, t, 1);
			t += __shfl_xor_sync(~0u, t, 2);
#pragma unroll
			for (int j = 0; j < DP / 8; j += 2)
				store(y + head + (int64_t)r * D, r < S, j * 8,
				    out[m][j] + h * 2, out[m][j + 1] + h * 2,
				    1 / t, lane);
		}
	}
}
