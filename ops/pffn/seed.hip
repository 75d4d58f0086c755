/* ke-plan
{ "tune": {
    "WAVES": [1, 2, 4, 5, 7, 8, 10, 13],
    "NT": [1, 2, 4],
    "KB": [64, 128],
    "UB": [8, 16],
    "BUFS": [1, 2],
    "SPLIT": [0, 1]},
  "choice": [
    {"when": "D > 256", "WAVES": 4, "NT": 1, "KB": 64, "UB": 8, "BUFS": 1,
     "SPLIT": 1},
    {"when": "N > 112 && N <= 160", "WAVES": 5, "NT": 1, "KB": 64, "UB": 8,
     "BUFS": 2, "SPLIT": 1},
    {"WAVES": 7, "NT": 1, "KB": 64, "UB": 8, "BUFS": 2, "SPLIT": 1}],
  "require": [
    "max(WAVES, 4)*(8*NT*(cdiv(K, 32) + cdiv(D, 32)) + 48) <= 2048",
    "BUFS*32*cdiv(max(D, K), 32)*(KB + 16) <= 65536"],
  "constants": ["N", "D", "K"],
  "launches": [
    {"kernel": "pffn", "grid": ["cdiv(N, 16*NT*WAVES)", "B"],
     "block": ["64*WAVES"],
     "args": ["X", "W1", "b1", "g1", "W2", "b2", "g2", "y"]}] }

A block is 16*NT*WAVES rows of a sample, from X to y; a wave has 16*NT of them,
whole, in its registers from end to end.  W1, then W2, come through LDS, KB
bytes of the sum at a time, in BUFS buffers; what comes next is in registers
meanwhile.

Both products are taken by MFMA of 16 by 16, transposed: columns of the weights
by rows of X.  So a lane has sums of one row only, both norms are its own but
for two exchanges, and h lies as the second product wants its right operand: it
never leaves the lane.  In f16 it is scaled by a power of two, row by row, and
where SPLIT is 1 taken in two parts, so that nothing is lost that f32 would
keep.

Weights are turned in registers on their way to LDS, UB bytes of the sum by E
columns a lane, in rows ordered so that a lane's sums are of 4*E neighbouring
columns; W2's rows come in the order in which a lane then has h. */

#define N	KE_N
#define D	KE_D
#define K	KE_K
#define NT	KE_NT
#define KB	KE_KB
#define SIZE	((int)sizeof(ke_t))
#define V	(16 / SIZE)		/* elements in 16 bytes */
#define BM	(16 * NT * KE_WAVES)
#define BK	(KB / SIZE)
#define P	(KB + 16)		/* pitch of a row in LDS, bytes */
#define THREADS	(64 * KE_WAVES)
#define TILES(n) (SIZE == 2 ? ((n) + 31) / 32 * 2 : ((n) + 15) / 16)
#define NEAR(t)	((t) % 8 == 0 && V == 8 ? 8 : (t) % 4 == 0 ? 4 : \
	(t) % 2 == 0 ? 2 : 1)
#define T1	TILES(K)		/* of columns: of h, of y */
#define T2	TILES(D)
#define E1	NEAR(T1)		/* neighbours of a tile's column */
#define E2	NEAR(T2)
#define S2	(T1 * SIZE / 4)	/* of 64 bytes, of the second sum */
#define H	(KE_UB / SIZE)		/* rows of a unit of weights */
#define BUFFER	(16 * (T1 > T2 ? T1 : T2) * P)

typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef _Float16 f16x4 __attribute__((ext_vector_type(4)));

struct alignas(16) piece {
	uint32_t w[4];
};

template <int T, int E>
struct units {		/* a thread's part of KB bytes by 16 T columns */
	static constexpr int across = 16 * T / E;
	static constexpr int all = KB / KE_UB * across;
	static constexpr int count = (all + THREADS - 1) / THREADS;

	uint32_t w[count][H][E * SIZE / 4];
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

/* The same as numbers. */
template <int LENGTH, int COUNT>
static __device__ __forceinline__ void
numbers(float (&to)[COUNT], const ke_t *from, int n)
{
	uint32_t w[COUNT * SIZE / 4];

	fetch<COUNT, LENGTH>(w, from, n);
#pragma unroll
	for (int i = 0; i < COUNT; i++) {
#ifdef KE_T_f16
		uint16_t bits = w[i / 2] >> i % 2 * 16;
		__half h;

		__builtin_memcpy(&h, &bits, 2);
		to[i] = __half2float(h);
#else
		to[i] = __uint_as_float(w[i]);
#endif
	}
}

/* A wave's rows of X from row on, its steps from d on; rows behind the last are
 * the last, for they aren't stored. */
static __device__ __forceinline__ void
load_x(piece (&r)[NT][KB / 64], const ke_t *X, int row, int d)
{
	int lane = threadIdx.x % 64;

#pragma unroll
	for (int n = 0; n < NT; n++)
#pragma unroll
		for (int i = 0; i < KB / 64; i++) {
			int at = d + (i * 4 + lane / 16) * V;

			fetch<V, D>(r[n][i].w, X + min(row + n * 16 + lane % 16,
			    N - 1) * D + at, D % BK == 0 ? V : D - at);
		}
}

/* Which row of W2 stands at a place: the order of h in the lanes. */
static __device__ __forceinline__ int
row_at(int p)
{
	int tile = SIZE == 4 ? p / 16 : p / 32 * 2 + p / 4 % 2;
	int g = SIZE == 4 ? p / 4 % 4 : p / 8 % 4;

	return tile / E1 * 16 * E1 + (g * 4 + p % 4) * E1 + tile % E1;
}

/* Rows of weights, rows by columns of them, from place p on. */
template <bool SECOND, int T, int E>
static __device__ __forceinline__ void
load(units<T, E> &r, const ke_t *weights, int p)
{
	constexpr int rows = SECOND ? K : D, columns = SECOND ? D : K;

#pragma unroll
	for (int i = 0; i < r.count; i++) {
		int u = min((int)threadIdx.x + i * THREADS, r.all - 1);
		int x = u % r.across * E, y = p + u / r.across * H;

#pragma unroll
		for (int h = 0; h < H; h++) {
			int row = SECOND ? row_at(y + h) : y + h;

			fetch<E, columns>(r.w[i][h],
			    weights + row * columns + x,
			    row < rows ? columns - x : 0);
		}
	}
}

template <int T, int E>
static __device__ __forceinline__ void
put(unsigned char *to, const units<T, E> &r)
{
#pragma unroll
	for (int i = 0; i < r.count; i++) {
		int u = threadIdx.x + i * THREADS, x = u % r.across;
		unsigned char *p = to + (x / 16 * 16 * E + x % 16) * P +
		    u / r.across * KE_UB;

		if (r.all % THREADS != 0 && u >= r.all)
			continue;
#pragma unroll
		for (int t = 0; t < E; t++) {
			struct alignas(KE_UB) {
				uint32_t w[KE_UB / 4];
			} v;

#pragma unroll
			for (int j = 0; j < KE_UB / 4; j++) {
#ifdef KE_T_f16
				uint32_t a = r.w[i][2 * j][t / 2];
				uint32_t b = r.w[i][2 * j + 1][t / 2];

				v.w[j] = t % 2 ? a >> 16 | (b & 0xffff0000)
				    : (a & 0xffff) | b << 16;
#else
				v.w[j] = r.w[i][j][t];
#endif
			}
			*(decltype(v) *)(p + t * 16 * P) = v;
		}
	}
}

/* d += a b, for 16 bytes of each lane. */
static __device__ __forceinline__ void
mma(f32x4 &d, const piece &a, const piece &b)
{
#ifdef KE_T_f16
#pragma unroll
	for (int i = 0; i < 4; i += 2) {
		union {
			uint32_t w[2];
			f16x4 v;
		} p = {{a.w[i], a.w[i + 1]}}, q = {{b.w[i], b.w[i + 1]}};

		d = __builtin_amdgcn_mfma_f32_16x16x16f16(p.v, q.v, d, 0, 0,
		    0);
	}
#else
#pragma unroll
	for (int i = 0; i < 4; i++)
		d = __builtin_amdgcn_mfma_f32_16x16x4f32(
		    __uint_as_float(a.w[i]), __uint_as_float(b.w[i]), d, 0,
		    0, 0);
#endif
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

/* A row's, over the lanes that have it. */
static __device__ __forceinline__ float
total(float v)
{
	v += __shfl_xor(v, 16);
	return v + __shfl_xor(v, 32);
}

/* gelu of the first product; what the row's norm multiplies by is returned,
 * but only g1 is applied. */
static __device__ __forceinline__ float
hidden(f32x4 (&h)[T1], const ke_t *b1, const ke_t *g1)
{
	int lane = threadIdx.x % 64;
	float sum = 0;

#pragma unroll
	for (int j = 0; j < T1; j += E1) {
		int c = j * 16 + lane / 16 * 4 * E1;
		float b[4 * E1], g[4 * E1];

		numbers<K>(b, b1 + c, K - c);
		numbers<K>(g, g1 + c, K - c);
#pragma unroll
		for (int i = 0; i < 4 * E1; i++) {
			float s = h[j + i % E1][i / E1] + b[i];

			s = 0.5f * s * (1 + erff(s * 0.70710678f));
			sum += s * s;
			h[j + i % E1][i / E1] = s * g[i];
		}
	}
	return rsqrtf(total(sum) / K + 1e-6f);
}

/* The second product's operand, and in f16 what is left of it; what undoes the
 * scale is returned. */
static __device__ __forceinline__ float
operand(piece (&to)[S2], piece (&low)[S2], const f32x4 (&h)[T1])
{
	if (SIZE == 4) {
#pragma unroll
		for (int j = 0; j < S2; j++)
			__builtin_memcpy(&to[j], &h[j], 16);
		return 1;
	}

	float most = 0;

#pragma unroll
	for (int j = 0; j < T1; j++)
#pragma unroll
		for (int i = 0; i < 4; i++)
			most = fmaxf(most, fabsf(h[j][i]));
	most = fmaxf(most, __shfl_xor(most, 16));
	most = fmaxf(most, __shfl_xor(most, 32));

	int e = min(268 - (__float_as_int(most) >> 23), 253);
	float by = __int_as_float(e << 23);

#pragma unroll
	for (int j = 0; j < T1; j++) {
		f32x4 v = h[j] * by;
		uint32_t *p = to[j / 2].w + j % 2 * 2;
		uint32_t *q = low[j / 2].w + j % 2 * 2;

		p[0] = pack(v[0], v[1]);
		p[1] = pack(v[2], v[3]);
		q[0] = pack(rest(v[0]), rest(v[1]));
		q[1] = pack(rest(v[2]), rest(v[3]));
	}
	return __int_as_float((254 - e) << 23);
}

/* A row of the second product, multiplied by by, to its norm and y. */
static __device__ __forceinline__ void
result(ke_t *y, f32x4 (&v)[T2], const ke_t *b2, const ke_t *g2, float by,
    bool row)
{
	constexpr int count = 4 * E2, words = count * SIZE / 4;
	int at = threadIdx.x % 64 / 16 * count;
	float sum = 0;

#pragma unroll
	for (int j = 0; j < T2; j += E2) {
		float b[count];

		numbers<D>(b, b2 + j * 16 + at, D - j * 16 - at);
#pragma unroll
		for (int i = 0; i < count; i++) {
			float s = v[j + i % E2][i / E2] * by + b[i];

			v[j + i % E2][i / E2] = s;
			sum += s * s;
		}
	}
	by = rsqrtf(total(sum) / D + 1e-6f);
	if (!row)
		return;
#pragma unroll
	for (int j = 0; j < T2; j += E2) {
		int c = j * 16 + at;
		float g[count];
		loose<words> out;

		numbers<D>(g, g2 + c, D - c);
#pragma unroll
		for (int i = 0; i < count; i++)
			g[i] *= v[j + i % E2][i / E2] * by;
#pragma unroll
		for (int i = 0; i < words; i++)
			out.w[i] = SIZE == 2 ? pack(g[2 * i], g[2 * i + 1])
			    : __float_as_uint(g[i]);
		if (D - c >= count)
			*(loose<words> *)(y + c) = out;
		else if (D % count != 0)
#pragma unroll
			for (int i = 0; i < count; i++)
				if (c + i < D)
					y[c + i] = (ke_t)g[i];
	}
}

extern "C" __global__ void __launch_bounds__(THREADS)
pffn(const ke_t *__restrict__ X, const ke_t *__restrict__ W1,
    const ke_t *__restrict__ b1, const ke_t *__restrict__ g1,
    const ke_t *__restrict__ W2, const ke_t *__restrict__ b2,
    const ke_t *__restrict__ g2, ke_t *__restrict__ y)
{
	__shared__ piece shared[KE_BUFS * BUFFER / 16];
	int64_t sample = blockIdx.y;
	int lane = threadIdx.x % 64, slot = 0;
	int row = blockIdx.x * BM + threadIdx.x / 64 * 16 * NT;
	int at = lane % 16 * P + lane / 16 * 16;
	piece next[NT][KB / 64], high[NT][S2], low[NT][S2];
	f32x4 h[NT][T1] = {}, v[NT][T2] = {};
	units<T1, E1> first;
	units<T2, E2> second;
	float by[NT];

	X += sample * N * D;
	W1 += sample * D * K;
	W2 += sample * K * D;

	/* where a step's weights are to be put */
	auto buffer = [&]() {
		if (KE_BUFS == 1)
			__syncthreads();
		else
			slot ^= 1;
		return (unsigned char *)shared + slot * BUFFER;
	};

	load<false>(first, W1, 0);
	load_x(next, X, row, 0);
	for (int d = 0; d < D; d += BK) {
		unsigned char *s = buffer();
		piece x[NT][KB / 64];

		put(s, first);
		__syncthreads();
		__builtin_memcpy(x, next, sizeof x);
		if (d + BK < D) {
			load<false>(first, W1, d + BK);
			load_x(next, X, row, d + BK);
		} else {
			load<true>(second, W2, 0);
		}
#pragma unroll
		for (int i = 0; i < KB / 64; i++)
#pragma unroll
			for (int j = 0; j < T1; j++) {
				piece a = *(const piece *)(s + at +
				    j * 16 * P + i * 64);

#pragma unroll
				for (int n = 0; n < NT; n++)
					mma(h[n][j], a, x[n][i]);
			}
	}
#pragma unroll
	for (int n = 0; n < NT; n++) {
		by[n] = hidden(h[n], b1 + sample * K, g1);
		by[n] *= operand(high[n], low[n], h[n]);
	}
#pragma unroll
	for (int p = 0; p < S2; p += KB / 64) {
		unsigned char *s = buffer();

		put(s, second);
		__syncthreads();
		if (p + KB / 64 < S2)
			load<true>(second, W2, p * 4 * V + BK);
#pragma unroll
		for (int i = 0; i < KB / 64 && p + i < S2; i++)
#pragma unroll
			for (int j = 0; j < T2; j++) {
				piece a = *(const piece *)(s + at +
				    j * 16 * P + i * 64);

#pragma unroll
				for (int n = 0; n < NT; n++)
					mma(v[n][j], a, high[n][p + i]);
				if (SIZE == 4 || !KE_SPLIT)
					continue;
#pragma unroll
				for (int n = 0; n < NT; n++)
					mma(v[n][j], a, low[n][p + i]);
			}
	}
#pragma unroll
	for (int n = 0; n < NT; n++) {
		int r = row + n * 16 + lane % 16;

		result(y + (sample * N + r) * D, v[n], b2 + sample * D, g2,
		    by[n], r < N);
	}
}
