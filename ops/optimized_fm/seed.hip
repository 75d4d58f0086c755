/* ke-plan
{ "tune": {
    "WAVES": [1, 2, 4, 8],
    "RT": [1, 2, 3, 4],
    "NT": [2, 4, 8],
    "SPLIT": [1, 2, 3, 4, 8]},
  "choice": [
    {"when": "N > 64", "WAVES": 4, "RT": 2, "NT": 2, "SPLIT": 1},
    {"when": "N <= 32", "WAVES": 4, "RT": 2, "NT": 8, "SPLIT": 1},
    {"WAVES": 4, "RT": 3, "NT": 4, "SPLIT": 1}],
  "require": [
    "max(WAVES, 4)*(8*NT*cdiv(N, 16) + 4*NT*RT + 40) <= 2048",
    "RT*(1024*cdiv(N, 16) + 64) <= 65536"],
  "constants": ["N", "D", "K"],
  "domain": ["N <= 256"],
  "launches": [
    {"kernel": "fm",
     "grid": ["min(SPLIT, cdiv(K, 16*NT))", "cdiv(N, 16*RT)", "B"],
     "block": ["64*WAVES"], "args": ["X", "Y", "out"]}] }

X X^T first, a small matrix; then that times Y, which passes once.  A block
takes 16*RT rows of one sample and, of SPLIT blocks, its part of the columns.

X X^T is summed by MFMA in f32, and as it is symmetric, the sums lie as the
second product wants its left operand: a lane keeps its own in LDS, 16 bytes for
each tile.  In f16 its rows, scaled by powers of two, are split in two parts, so
that nothing is lost that f32 would keep.

From there on each wave is by itself: 16*NT columns of Y at a time, of which a
lane has NT neighbours of four rows, go from memory to registers, where they are
turned, and through MFMA; the next ones are loaded meanwhile.  Of the result a
lane has NT neighbours too.  Rows need not be aligned. */

#define N	KE_N
#define D	KE_D
#define K	KE_K
#define RT	KE_RT
#define NT	KE_NT
#define SIZE	((int)sizeof(ke_t))
#define V	(16 / SIZE)		/* elements in 16 bytes */
#define KT	((N + 15) / 16)		/* tiles of X X^T */
#define W	(NT * SIZE / 4)
#define WAVES	KE_WAVES

typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef _Float16 f16x4 __attribute__((ext_vector_type(4)));

struct alignas(16) piece {
	uint32_t w[4];
};

struct columns {		/* of a lane: four rows of each tile */
	uint32_t w[KT][4][W];
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

/* d += a b, of two words of each lane in f16, of one in f32. */
static __device__ __forceinline__ void
mma(f32x4 &d, const uint32_t *a, const uint32_t *b)
{
#ifdef KE_T_f16
	union {
		uint32_t w[2];
		f16x4 v;
	} p = {{a[0], a[1]}}, q = {{b[0], b[1]}};

	d = __builtin_amdgcn_mfma_f32_16x16x16f16(p.v, q.v, d, 0, 0, 0);
#else
	d = __builtin_amdgcn_mfma_f32_16x16x4f32(__uint_as_float(*a),
	    __uint_as_float(*b), d, 0, 0, 0);
#endif
}

/* Row tiles of X X^T by the rows of tile t: g[b] has column lane % 16 of t,
 * rows lane / 16 * 4 on of b. */
static __device__ __forceinline__ void
gram(f32x4 (&g)[KT], const ke_t *X, int t)
{
	int lane = threadIdx.x % 64, row = lane % 16, at = lane / 16 * V;

#pragma unroll
	for (int b = 0; b < KT; b++)
		g[b] = (f32x4)(0.0f);
#pragma unroll 1
	for (int d = at; d - at < D; d += 4 * V) {
		piece p, q;
		int mine = t * 16 + row;

		fetch<V, D>(q.w, X + mine * D + d, mine < N ? D - d : 0);
#pragma unroll
		for (int b = 0; b < KT; b++) {
			int r = b * 16 + row;

			fetch<V, D>(p.w, X + r * D + d, r < N ? D - d : 0);
#pragma unroll
			for (int i = 0; i < 4; i += SIZE == 2 ? 2 : 1)
				mma(g[b], p.w + i, q.w + i);
		}
	}
}

static __device__ __forceinline__ uint32_t
pack(float a, float b)
{
	__half2 h = __floats2half2_rn(a, b);
	uint32_t w;

	__builtin_memcpy(&w, &h, 4);
	return w;
}

/* What is left of v when its half is taken off. */
static __device__ __forceinline__ float
rest(float v)
{
	return v - __half2float(__float2half(v));
}

/* A row scaled so that the largest element is below 2^15, and split; what
 * undoes it is returned. */
static __device__ __forceinline__ float
split(piece *to, const f32x4 (&g)[KT])
{
	float most = 0;

#pragma unroll
	for (int b = 0; b < KT; b++)
#pragma unroll
		for (int i = 0; i < 4; i++)
			most = fmaxf(most, fabsf(g[b][i]));
	most = fmaxf(most, __shfl_xor(most, 16));
	most = fmaxf(most, __shfl_xor(most, 32));

	int e = min(268 - (__float_as_int(most) >> 23), 253);
	float by = __int_as_float(e << 23);

#pragma unroll
	for (int b = 0; b < KT; b++) {
		f32x4 v = g[b] * by;

		to[b * 64] = {{pack(v[0], v[1]), pack(v[2], v[3]),
		    pack(rest(v[0]), rest(v[1])),
		    pack(rest(v[2]), rest(v[3]))}};
	}
	return __int_as_float((254 - e) << 23);
}

/* A lane's columns of Y from c on, and zeros beyond. */
static __device__ __forceinline__ void
load(columns &y, const ke_t *Y, int c)
{
	int lane = threadIdx.x % 64;

#pragma unroll
	for (int b = 0; b < KT; b++)
#pragma unroll
		for (int i = 0; i < 4; i++) {
			int r = b * 16 + lane / 16 * 4 + i;

			fetch<NT, K>(y.w[b][i], Y + r * K + c,
			    r < N ? K - c : 0);
		}
}

/* Column t of four rows. */
static __device__ __forceinline__ void
turn(uint32_t *to, const uint32_t (&y)[4][W], int t)
{
#ifdef KE_T_f16
#pragma unroll
	for (int i = 0; i < 2; i++) {
		uint32_t a = y[2 * i][t / 2], b = y[2 * i + 1][t / 2];

		to[i] = t % 2 ? a >> 16 | (b & 0xffff0000)
		    : (a & 0xffff) | b << 16;
	}
#else
#pragma unroll
	for (int i = 0; i < 4; i++)
		to[i] = y[i][t];
#endif
}

/* In f16 both parts of g times the same of y. */
static __device__ __forceinline__ void
product(f32x4 (&d)[RT][NT], const piece *g, const columns &y)
{
	g += threadIdx.x % 64;
#pragma unroll
	for (int b = 0; b < KT; b++) {
		uint32_t f[NT][4];

#pragma unroll
		for (int t = 0; t < NT; t++)
			turn(f[t], y.w[b], t);
#pragma unroll
		for (int a = 0; a < RT; a++) {
			piece p = g[(a * KT + b) * 64];

#pragma unroll
			for (int i = 0; i < 4; i += SIZE == 2 ? 2 : 1)
#pragma unroll
				for (int t = 0; t < NT; t++)
					mma(d[a][t], p.w + i, f[t] +
					    (SIZE == 2 ? 0 : i));
		}
	}
}

/* NT neighbours of a row, of which there are n. */
static __device__ __forceinline__ void
store(ke_t *to, const float *v, int n)
{
	loose<W> out;

#pragma unroll
	for (int i = 0; i < W; i++)
		out.w[i] = SIZE == 2 ? pack(v[2 * i], v[2 * i + 1])
		    : __float_as_uint(v[i]);
	if (n >= NT)
		*(loose<W> *)to = out;
	else if (K % NT != 0)
		for (int i = 0; i < n; i++)
			to[i] = (ke_t)v[i];
}

extern "C" __global__ void __launch_bounds__(64 * WAVES)
fm(const ke_t *__restrict__ X, const ke_t *__restrict__ Y,
    ke_t *__restrict__ out)
{
	__shared__ piece g[RT * KT * 64];
	__shared__ float undo[16 * RT];
	int lane = threadIdx.x % 64, wave = threadIdx.x / 64;
	int row = blockIdx.y * RT * 16;
	int stride = WAVES * gridDim.x * NT * 16;
	int c = ((blockIdx.x * WAVES + wave) * 16 + lane % 16) * NT;
	columns y, next;

	X += (int64_t)blockIdx.z * N * D;
	Y += (int64_t)blockIdx.z * N * K;
	out += (int64_t)blockIdx.z * N * K;
	load(next, Y, c);
	for (int t = wave; t < RT; t += WAVES) {
		f32x4 sums[KT];
		piece *to = g + t * KT * 64 + lane;

		gram(sums, X, blockIdx.y * RT + t);
		if (SIZE == 2)
			undo[t * 16 + lane % 16] = split(to, sums);
		else
#pragma unroll
			for (int b = 0; b < KT; b++)
				__builtin_memcpy(to + b * 64, &sums[b], 16);
	}
	__syncthreads();
	for (; c - lane % 16 * NT < K; c += stride) {
		f32x4 d[RT][NT] = {};

		y = next;
		load(next, Y, c + stride);
		product(d, g, y);
#pragma unroll
		for (int a = 0; a < RT; a++)
#pragma unroll
			for (int i = 0; i < 4; i++) {
				int r = a * 16 + lane / 16 * 4 + i;
				float by = SIZE == 2 ? undo[r] : 1, v[NT];

#pragma unroll
				for (int t = 0; t < NT; t++)
					v[t] = d[a][t][i] * by;
				if (row + r < N)
					store(out + (row + r) * K + c, v,
					    K - c);
			}
	}
}
