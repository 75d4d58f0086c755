/* ke-plan
{ "tune": {
    "MT": [1, 2, 4],
    "WAVES": [1, 2, 4, 8],
    "BN": [32, 64, 128],
    "UB": [8, 16],
    "BUFS": [1, 2],
    "DIES": [1, 6, 8]},
  "choice": [
    {"when": "D <= 64", "MT": 2, "WAVES": 4, "BN": 64, "UB": 8, "BUFS": 1,
     "DIES": 8},
    {"when": "D <= 128", "MT": 2, "WAVES": 4, "BN": 32, "UB": 8, "BUFS": 1,
     "DIES": 8},
    {"MT": 1, "WAVES": 4, "BN": 32, "UB": 8, "BUFS": 1, "DIES": 8}],
  "require": [
    "MT*(8*cdiv(D, 16) + BN/4 + 8) <= 360",
    "BUFS*(BN*(64*cdiv(D, 32) + 16) + 32*cdiv(D, 32)*(2*BN + 16)) <= 65536"],
  "constants": ["S", "D", "causal"],
  "launches": [
    {"kernel": "attention", "grid": ["cdiv(S, 16*MT*WAVES)*B*H"],
     "block": ["64*WAVES"], "args": ["q", "k", "v", "y"]}] }

A block is 16*MT*WAVES rows of one head, the last rows first where causal is 1,
for they are the most work.  BN keys and values at a time (half as many in f32)
come through LDS, in BUFS buffers; what comes next is in registers meanwhile.
Each wave has all keys for its MT*16 rows, which stay in registers.

Both products are taken by MFMA of 16 by 16, transposed: keys by rows, then
columns of the result by rows.  So a lane has the scores of one row, the running
maximum and sum are that lane's but for two exchanges, and the weights lie as
the second product wants its right operand: nothing goes through LDS between the
two.  Weights are scaled so that the largest is 2^14 in f16, far from what
gfx90a's MFMA, which takes subnormals for zero, would lose.

Blocks of a head are on the same of DIES dies, each of which has a second-level
cache: 8 on an MI300X, 6 on an MI300A, 1 on gfx90a.

v is turned on its way to LDS, UB bytes of keys by E columns a lane; keys stand
in the order in which a lane has their weights, and columns so that a lane's E
results are neighbours, as are those of its four registers. */

#define S	KE_S
#define D	KE_D
#define MT	KE_MT
#define SIZE	((int)sizeof(ke_t))
#define V	(16 / SIZE)		/* elements in 16 bytes */
#define BM	(16 * MT * KE_WAVES)
#define BN	(KE_BN * 2 / SIZE)
#define THREADS	(64 * KE_WAVES)
#define KT	(BN / 16)		/* tiles of keys, of columns */
#define DT	(SIZE == 2 ? (D + 31) / 32 * 2 : (D + 15) / 16)
#define E	(DT % 8 == 0 && V == 8 ? 8 : DT % 4 == 0 ? 4 : \
	DT % 2 == 0 ? 2 : 1)
#define W	(E * SIZE / 4)
#define QS	((D * SIZE + 63) / 64)	/* 64 bytes: a row's, the keys' */
#define PS	(BN * SIZE / 64)
#define PK	(QS * 64 + 16)		/* pitches in LDS, bytes */
#define PV	(BN * SIZE + 16)
#define BUFFER	(BN * PK + 16 * DT * PV)
#define H	(KE_UB / SIZE)		/* keys of a unit of v */
#define UNITS	(BN / H * (16 * DT / E))
#define KN	((BN * QS * 4 + THREADS - 1) / THREADS)
#define VU	((UNITS + THREADS - 1) / THREADS)
#define PARTS	(SIZE == 2 ? 2 : 4)	/* MFMAs for 16 bytes */
#define BIAS	(SIZE == 2 ? 9.7040605f : 0.0f)	/* log of 2^14 */
#define LEAST	__int_as_float(0xff800000)	/* minus infinity */

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

/* 16 bytes of a row from column c on; rows behind the last are the last. */
static __device__ __forceinline__ void
fetch_row(piece &to, const ke_t *from, int row, int c)
{
	fetch<V, D>(to.w, from + (int64_t)min(row, S - 1) * D + c,
	    D * SIZE % 64 == 0 ? V : D - c);
}

static __device__ __forceinline__ void
load_k(piece (&r)[KN], const ke_t *k, int key)
{
#pragma unroll
	for (int i = 0; i < KN; i++) {
		int c = threadIdx.x + i * THREADS;

		fetch_row(r[i], k, key + c / (4 * QS), c % (4 * QS) * V);
	}
}

static __device__ __forceinline__ void
put_k(unsigned char *to, const piece (&r)[KN])
{
#pragma unroll
	for (int i = 0; i < KN; i++) {
		int c = threadIdx.x + i * THREADS;

		if (BN * QS * 4 % THREADS == 0 || c < BN * QS * 4)
			*(piece *)(to + c / (4 * QS) * PK +
			    c % (4 * QS) * 16) = r[i];
	}
}

/* Which key stands at a place: in f16, a lane's eight are four of a tile and
 * four of the next. */
static __device__ __forceinline__ int
key_at(int p)
{
	return SIZE == 4 ? p
	    : p / 32 * 32 + p / 4 % 2 * 16 + p / 8 % 4 * 4 + p % 4;
}

static __device__ __forceinline__ void
load_v(unit (&r)[VU], const ke_t *v, int key)
{
#pragma unroll
	for (int i = 0; i < VU; i++) {
		int u = min((int)threadIdx.x + i * THREADS, UNITS - 1);
		int x = u % (16 * DT / E) * E, y = u / (16 * DT / E) * H;

#pragma unroll
		for (int h = 0; h < H; h++)
			fetch<E, D>(r[i].w[h], v + (int64_t)min(key +
			    key_at(y + h), S - 1) * D + x,
			    D == 16 * DT ? E : D - x);
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
put_v(unsigned char *to, const unit (&r)[VU])
{
#pragma unroll
	for (int i = 0; i < VU; i++) {
		int u = threadIdx.x + i * THREADS;
		int x = u % (16 * DT / E), y = u / (16 * DT / E);
		unsigned char *p = to + (x / 16 * 16 * E + x % 16) * PV +
		    y * KE_UB;

		if (UNITS % THREADS != 0 && u >= UNITS)
			continue;
#pragma unroll
		for (int t = 0; t < E; t++) {
			struct alignas(KE_UB) {
				uint32_t w[KE_UB / 4];
			} v;

			turn(v.w, r[i], t);
			*(decltype(v) *)(p + t * 16 * PV) = v;
		}
	}
}

/* d += a b, for 16 bytes of each lane. */
static __device__ __forceinline__ void
mma(f32x4 &d, const piece &a, const piece &b)
{
#pragma unroll
	for (int i = 0; i < PARTS; i++) {
#ifdef KE_T_f16
		union {
			uint32_t w[2];
			f16x4 v;
		} p = {{a.w[2 * i], a.w[2 * i + 1]}},
		    q = {{b.w[2 * i], b.w[2 * i + 1]}};

		d = __builtin_amdgcn_mfma_f32_16x16x16f16(p.v, q.v, d, 0, 0,
		    0);
#else
		d = __builtin_amdgcn_mfma_f32_16x16x4f32(
		    __uint_as_float(a.w[i]), __uint_as_float(b.w[i]), d, 0,
		    0, 0);
#endif
	}
}

/* Elements as they lie in memory. */
template <int WORDS>
static __device__ __forceinline__ void
pack(uint32_t *to, const float *v)
{
#pragma unroll
	for (int i = 0; i < WORDS; i++) {
#ifdef KE_T_f16
		__half2 h = __floats2half2_rn(v[2 * i], v[2 * i + 1]);

		__builtin_memcpy(to + i, &h, 4);
#else
		to[i] = __float_as_uint(v[i]);
#endif
	}
}

/* The scores of 16*MT rows, but for the scale: by tiles of keys, a lane has
 * keys lane / 16 * 4 on, of row lane % 16. */
static __device__ __forceinline__ void
scores(f32x4 (&s)[KT][MT], const piece (&q)[MT][QS], const unsigned char *ks)
{
	int lane = threadIdx.x % 64;

	ks += lane % 16 * PK + lane / 16 * 16;
#pragma unroll
	for (int j = 0; j < KT; j++) {
#pragma unroll
		for (int m = 0; m < MT; m++)
			s[j][m] = (f32x4)(0.0f);
#pragma unroll
		for (int i = 0; i < QS; i++) {
			piece a = *(const piece *)(ks + j * 16 * PK + i * 64);

#pragma unroll
			for (int m = 0; m < MT; m++)
				mma(s[j][m], a, q[m][i]);
		}
	}
}

/* Keys from key on that don't count for the rows from row on. */
static __device__ __forceinline__ void
mask(f32x4 (&s)[KT][MT], int row, int key)
{
	int lane = threadIdx.x % 64;

#pragma unroll
	for (int j = 0; j < KT; j++)
#pragma unroll
		for (int m = 0; m < MT; m++)
#pragma unroll
			for (int i = 0; i < 4; i++) {
				int r = row + m * 16 + lane % 16;
				int c = key + j * 16 + lane / 16 * 4 + i;

				if (c >= S || (KE_causal && c > r))
					s[j][m][i] = LEAST;
			}
}

/* The scores become weights, relative to the largest so far. */
static __device__ __forceinline__ void
weights(piece (&p)[MT][PS], const f32x4 (&s)[KT][MT], float (&most)[MT],
    float (&sum)[MT], f32x4 (&y)[DT][MT], float scale)
{
#pragma unroll
	for (int m = 0; m < MT; m++) {
		float x = LEAST, t = 0;

#pragma unroll
		for (int j = 0; j < KT; j++)
#pragma unroll
			for (int i = 0; i < 4; i++)
				x = fmaxf(x, s[j][m][i]);
		x = fmaxf(x, __shfl_xor(x, 16));
		x = fmaxf(x, __shfl_xor(x, 32));
		x = fmaxf(x * scale, most[m]);

		float shrink = __expf(most[m] - x);

		most[m] = x;
#pragma unroll
		for (int j = 0; j < KT; j++) {
			float w[4];

#pragma unroll
			for (int i = 0; i < 4; i++) {
				w[i] = __expf(fmaf(s[j][m][i],
				    scale, BIAS - x));
				t += w[i];
			}
			pack<SIZE>(p[m][j * SIZE / 4].w + j * SIZE % 4, w);
		}
		sum[m] = sum[m] * shrink + t;
#pragma unroll
		for (int j = 0; j < DT; j++)
			y[j][m] *= shrink;
	}
}

/* y += v^T p^T: by tiles of columns, a lane has four of row lane % 16. */
static __device__ __forceinline__ void
values(f32x4 (&y)[DT][MT], const piece (&p)[MT][PS], const unsigned char *vs)
{
	int lane = threadIdx.x % 64;

	vs += lane % 16 * PV + lane / 16 * 16;
#pragma unroll
	for (int i = 0; i < PS; i++)
#pragma unroll
		for (int j = 0; j < DT; j++) {
			piece a = *(const piece *)(vs + j * 16 * PV + i * 64);

#pragma unroll
			for (int m = 0; m < MT; m++)
				mma(y[j][m], a, p[m][i]);
		}
}

/* E neighbours of a row, of which there are n. */
static __device__ __forceinline__ void
store(ke_t *to, const float *v, int n)
{
	loose<W> out;

	pack<W>(out.w, v);
	if (n >= E)
		*(loose<W> *)to = out;
	else if (D % E != 0)
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
attention(const ke_t *__restrict__ q, const ke_t *__restrict__ k,
    const ke_t *__restrict__ v, ke_t *__restrict__ y)
{
	__shared__ piece shared[KE_BUFS * BUFFER / 16];
	constexpr int blocks = (S + BM - 1) / BM;
	int lane = threadIdx.x % 64;
	int id = place(blockIdx.x, gridDim.x), block = id % blocks;
	int row = (KE_causal ? blocks - 1 - block : block) * BM;
	int first = row + threadIdx.x / 64 * MT * 16;	/* the wave's */
	int keys = KE_causal ? min(S, row + BM) : S;
	int64_t head = (int64_t)(id / blocks) * S * D;
	float scale = 1 / sqrtf((float)D);
	float most[MT], sum[MT] = {};
	f32x4 out[DT][MT] = {};
	piece qs[MT][QS], ks[KN];
	unit vs[VU];

#pragma unroll
	for (int m = 0; m < MT; m++) {
		most[m] = LEAST;
#pragma unroll
		for (int i = 0; i < QS; i++)
			fetch_row(qs[m][i], q + head, first + m * 16 +
			    lane % 16, (i * 4 + lane / 16) * V);
	}
	load_k(ks, k + head, 0);
	load_v(vs, v + head, 0);
	for (int key = 0, slot = 0; key < keys; key += BN) {
		unsigned char *at = (unsigned char *)shared + slot * BUFFER;
		f32x4 s[KT][MT];
		piece p[MT][PS];

		if (KE_BUFS == 1)
			__syncthreads();
		else
			slot ^= 1;
		put_k(at, ks);
		put_v(at + BN * PK, vs);
		__syncthreads();
		if (key + BN < keys) {
			load_k(ks, k + head, key + BN);
			load_v(vs, v + head, key + BN);
		}
		if (KE_causal && key > first + MT * 16 - 1)
			continue;
		scores(s, qs, at);
		if (key + BN > S || (KE_causal && key + BN - 1 > first))
			mask(s, first, key);
		weights(p, s, most, sum, out, scale);
		values(out, p, at + BN * PK);
	}
#pragma unroll
	for (int m = 0; m < MT; m++) {
		int r = first + m * 16 + lane % 16;
		float t = sum[m];

		t += __shfl_xor(t, 16);
		t += __shfl_xor(t, 32);
		if (r >= S)
			continue;
#pragma unroll
		for (int j = 0; j < DT; j += E)
#pragma unroll
			for (int i = 0; i < 4; i++) {
				int c = j * 16 + (lane / 16 * 4 + i) * E;
				float e[E];

#pragma unroll
				for (int h = 0; h < E; h++)
					e[h] = out[j + h][m][i] / t;
				store(y + head + (int64_t)r * D + c, e,
				    D - c);
			}
	}
}
