/* ke-plan
{ "tune": {
    "MT": [1, 2, 3, 4, 6],
    "WO": [1, 2, 3, 4, 6],
    "NT": [2, 4, 8],
    "WL": [1, 2, 3, 4, 5, 6, 7, 8],
    "KB": [64, 128],
    "BUFS": [1, 2]},
  "choice": [
    {"when": "Cout <= 96 && L > 128 && L <= 224", "MT": 3, "WO": 2, "NT": 2,
     "WL": 7, "KB": 64, "BUFS": 1},
    {"when": "Cout <= 64", "MT": 2, "WO": 2, "NT": 4, "WL": 2, "KB": 64,
     "BUFS": 1},
    {"MT": 4, "WO": 2, "NT": 4, "WL": 4, "KB": 64, "BUFS": 1}],
  "require": [
    "WO*WL <= 16",
    "MT*NT <= 32",
    "BUFS*(48*MT*WO + NT*(16*WL + 2))*(KB + 16) <= 65536"],
  "constants": ["Cin", "Cout", "L"],
  "launches": [
    {"kernel": "conv1d",
     "grid": ["cdiv(L, 16*NT*WL)", "cdiv(Cout, 16*MT*WO)", "B"],
     "block": ["64*WO*WL"],
     "args": ["x", "w", "bias", "y", "Cin", "Cout", "L"]}] }

An implicit matrix product by MFMA of 16 by 16: for each tap, w's channels out
by channels in times x's channels in by positions.  WO by WL waves have MT*16
channels by NT*16 positions each.  KB bytes of channels in at a time come
through LDS, in BUFS buffers; what comes next is in registers while a step is
multiplied.

LDS has rows of channels in: of each tap and channel out, and of each position.
Both are turned in registers on the way, 16 bytes of channels a lane, with three
taps or NT positions.  A lane has NT neighbouring positions, so that it stores
them together, and the rows of every NT-th position are behind each other, so
that writes meet no bank twice.  x is read from LDS once for the three taps: the
fragment of the NT-th positions, moved by one, is the next one's, or at both
ends one more, a row further.  Rows are 16 bytes longer than they need be, for
the reads' banks. */

#define MT	KE_MT
#define NT	KE_NT
#define KB	KE_KB
#define SIZE	((int)sizeof(ke_t))
#define V	(16 / SIZE)		/* elements in 16 bytes */
#define BO	(16 * MT * KE_WO)
#define BL	(16 * NT * KE_WL)
#define BC	(KB / SIZE)
#define P	(KB + 16)		/* pitch of a row in LDS, bytes */
#define ROWS	(16 * KE_WL + 2)	/* every NT-th position, and two */
#define BUFFER	((3 * BO + NT * ROWS) * P)
#define THREADS	(64 * KE_WO * KE_WL)
#define W	(NT * SIZE / 4)
#define WUNITS	(BO * KB / 16)
#define XUNITS	(ROWS * KB / 16)
#define WU	((WUNITS + THREADS - 1) / THREADS)
#define XU	((XUNITS + THREADS - 1) / THREADS)
#define PARTS	(SIZE == 2 ? 2 : 4)	/* MFMAs for 16 bytes */

typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef _Float16 f16x4 __attribute__((ext_vector_type(4)));

struct alignas(16) piece {
	uint32_t w[4];
};

struct taps {		/* three of V channels in, as they lie */
	uint32_t w[12];
};

struct places {		/* NT positions of V channels in */
	uint32_t w[V][W];
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

/* Channels in from c on; channels out behind the last are the last, for what
 * comes of them isn't stored. */
static __device__ __forceinline__ void
load_w(taps (&r)[WU], const ke_t *w, int c)
{
#pragma unroll
	for (int i = 0; i < WU; i++) {
		int u = min((int)threadIdx.x + i * THREADS, WUNITS - 1);
		int o = min((int)blockIdx.y * BO + u / (KB / 16), KE_Cout - 1);
		int from = 3 * (c + u % (KB / 16) * V);

		fetch<3 * V, 3 * KE_Cin>(r[i].w,
		    w + (int64_t)o * 3 * KE_Cin + from,
		    KE_Cin % BC == 0 ? 3 * V : 3 * KE_Cin - from);
	}
}

/* Channels from c on of a sample, with the position before the block's first
 * and that behind its last. */
static __device__ __forceinline__ void
load_x(places (&r)[XU], const ke_t *x, int c)
{
#pragma unroll
	for (int i = 0; i < XU; i++) {
		int u = min((int)threadIdx.x + i * THREADS, XUNITS - 1);
		int l = blockIdx.x * BL + (u % ROWS - 1) * NT;
		int from = c + u / ROWS * V;

#pragma unroll
		for (int h = 0; h < V; h++)
			fetch<NT, KE_L>(r[i].w[h],
			    x + (int64_t)(from + h) * KE_L + l,
			    l >= 0 && (KE_Cin % BC == 0 || from + h < KE_Cin)
			    ? KE_L - l : 0);
	}
}

/* Element i of those behind each other. */
static __device__ __forceinline__ uint32_t
element(const uint32_t *w, int i)
{
	return SIZE == 4 ? w[i] : w[i / 2] >> i % 2 * 16 & 0xffff;
}

static __device__ __forceinline__ void
put_w(unsigned char *to, const taps (&r)[WU])
{
#pragma unroll
	for (int i = 0; i < WU; i++) {
		int u = threadIdx.x + i * THREADS;
		unsigned char *p = to + u / (KB / 16) * P + u % (KB / 16) * 16;

		if (WUNITS % THREADS != 0 && u >= WUNITS)
			continue;
#pragma unroll
		for (int tap = 0; tap < 3; tap++) {
			piece v;

#pragma unroll
			for (int j = 0; j < 4; j++)
				v.w[j] = SIZE == 4 ? r[i].w[3 * j + tap]
				    : element(r[i].w, 6 * j + tap) |
				    element(r[i].w, 6 * j + 3 + tap) << 16;
			*(piece *)(p + tap * BO * P) = v;
		}
	}
}

static __device__ __forceinline__ void
put_x(unsigned char *to, const places (&r)[XU])
{
#pragma unroll
	for (int i = 0; i < XU; i++) {
		int u = threadIdx.x + i * THREADS;
		unsigned char *p = to + u % ROWS * P + u / ROWS * 16;

		if (XUNITS % THREADS != 0 && u >= XUNITS)
			continue;
#pragma unroll
		for (int t = 0; t < NT; t++) {
			piece v;

#pragma unroll
			for (int j = 0; j < 4; j++)
				v.w[j] = SIZE == 4 ? r[i].w[j][t]
				    : element(r[i].w[2 * j], t) |
				    element(r[i].w[2 * j + 1], t) << 16;
			*(piece *)(p + t * ROWS * P) = v;
		}
	}
}

/* d += a b, for a part of the 16 bytes of each lane. */
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

/* A step of a wave, whose rows begin at ws and xs. */
static __device__ __forceinline__ void
multiply(f32x4 (&d)[MT][NT], const unsigned char *ws, const unsigned char *xs)
{
#pragma unroll
	for (int kk = 0; kk < KB; kk += 64) {
		piece b[NT + 2];

		b[0] = *(const piece *)(xs + (NT - 1) * ROWS * P + kk);
#pragma unroll
		for (int t = 0; t < NT; t++)
			b[t + 1] = *(const piece *)(xs + (t * ROWS + 1) * P +
			    kk);
		b[NT + 1] = *(const piece *)(xs + 2 * P + kk);
#pragma unroll
		for (int m = 0; m < MT; m++)
#pragma unroll
			for (int tap = 0; tap < 3; tap++) {
				piece a = *(const piece *)(ws + (tap * BO +
				    m * 16) * P + kk);

#pragma unroll
				for (int part = 0; part < PARTS; part++)
#pragma unroll
					for (int t = 0; t < NT; t++)
						mma(d[m][t], a, b[t + tap],
						    part);
			}
	}
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
	else if (KE_L % NT != 0)
		for (int i = 0; i < n; i++)
			to[i] = (ke_t)v[i];
}

extern "C" __global__ void __launch_bounds__(THREADS)
conv1d(const ke_t *__restrict__ x, const ke_t *__restrict__ w,
    const ke_t *__restrict__ bias, ke_t *__restrict__ y, int Cin, int Cout,
    int L)
{
	__shared__ piece shared[KE_BUFS * BUFFER / 16];
	int lane = threadIdx.x % 64, wave = threadIdx.x / 64;
	int wo = wave % KE_WO * 16 * MT, wl = wave / KE_WO * 16;
	int at = lane % 16 * P + lane / 16 * 16;
	int l = blockIdx.x * BL + (wl + lane % 16) * NT;
	f32x4 d[MT][NT] = {};
	taps ws[WU];
	places xs[XU];

	x += (int64_t)blockIdx.z * KE_Cin * KE_L;
	y += (int64_t)blockIdx.z * KE_Cout * KE_L;
	load_w(ws, w, 0);
	load_x(xs, x, 0);
	for (int c = 0, slot = 0; c < KE_Cin; c += BC) {
		unsigned char *s = (unsigned char *)shared + slot * BUFFER;

		if (KE_BUFS == 1)
			__syncthreads();
		else
			slot ^= 1;
		put_w(s, ws);
		put_x(s + 3 * BO * P, xs);
		__syncthreads();
		if (c + BC < KE_Cin) {
			load_w(ws, w, c + BC);
			load_x(xs, x, c + BC);
		}
		multiply(d, s + wo * P + at, s + (3 * BO + wl) * P + at);
	}
#pragma unroll
	for (int m = 0; m < MT; m++)
#pragma unroll
		for (int i = 0; i < 4; i++) {
			int o = blockIdx.y * BO + wo + m * 16 +
			    lane / 16 * 4 + i;
			float add, v[NT];

			if (o >= KE_Cout)
				continue;
			add = (float)bias[o];
#pragma unroll
			for (int t = 0; t < NT; t++)
				v[t] = d[m][t][i] + add;
			store(y + (int64_t)o * KE_L + l, v, KE_L - l);
		}
}
