/* ke-plan
{ "tune": {
    "MT": [1, 2, 3, 4, 6],
    "WO": [1, 2, 3, 4, 6],
    "NT": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "WL": [1, 2, 3, 4, 5, 6, 7, 8],
    "BC": [16, 32, 48, 64, 96],
    "STAGES": [2, 3, 4, 5, 6],
    "RESIDENT": [0, 1],
    "SMS": [0, 132, 264]},
  "choice": [
    {"when": "Cin <= 96 && L > 128 && L <= 224", "MT": 3, "WO": 2, "NT": 7,
     "WL": 4, "BC": 48, "STAGES": 5, "RESIDENT": 1, "SMS": 132},
    {"when": "Cout <= 64", "MT": 2, "WO": 2, "NT": 4, "WL": 4, "BC": 32,
     "STAGES": 3, "RESIDENT": 0, "SMS": 0},
    {"MT": 4, "WO": 2, "NT": 4, "WL": 4, "BC": 32, "STAGES": 4,
     "RESIDENT": 0, "SMS": 0}],
  "require": [
    "WO*WL <= 24",
    "MT*NT <= 28",
    "32*WO*WL*(4*MT*NT + 6*NT + 50) <= 65536 + 8192",
    "4*(RESIDENT ? 1 : STAGES)*16*MT*WO*(3*(RESIDENT ? cdiv(Cin, BC)*BC : BC)/2 + min((44 - 3*(RESIDENT ? cdiv(Cin, BC)*BC : BC)/2 % 32) % 32, (52 - 3*(RESIDENT ? cdiv(Cin, BC)*BC : BC)/2 % 32) % 32)) + 2*STAGES*BC*(8*NT*WL + 16 + 8*((NT*WL + 1) % 2)) <= 232448"],
  "constants": ["Cin", "Cout", "L"],
  "launches": [
    {"kernel": "conv1d",
     "grid": ["cdiv(Cout, 16*MT*WO)",
       "min(SMS ? max(SMS/cdiv(Cout, 16*MT*WO), 1) : 65535, B*cdiv(L, 8*NT*WL))"],
     "block": ["32*WO*WL"],
     "shared": "4*(RESIDENT ? 1 : STAGES)*16*MT*WO*(3*(RESIDENT ? cdiv(Cin, BC)*BC : BC)/2 + min((44 - 3*(RESIDENT ? cdiv(Cin, BC)*BC : BC)/2 % 32) % 32, (52 - 3*(RESIDENT ? cdiv(Cin, BC)*BC : BC)/2 % 32) % 32)) + 2*STAGES*BC*(8*NT*WL + 16 + 8*((NT*WL + 1) % 2))",
     "args": ["x", "w", "bias", "y", "B", "Cin", "Cout", "L"]}] }

An implicit matrix product: for each tap, w's channels out by channels in times
x's channels in by positions.  WO by WL warps have MT*16 channels by NT*8
positions each.  BC channels of x at a time come through STAGES slots, with
eight positions more on both sides.  w stays in shared memory where RESIDENT is
1, else its part goes through the slots too.

x is read from shared memory once for the three taps: fragments are loaded for
the middle one, and the other two are those moved by a position, which is four
lanes, or a fragment further.  w is used as it lies: the three words of two
channels are the three taps' words, but for the order of their halves.  Its rows
begin 12 or 20 banks after each other, so that no two lanes meet.

A block goes over samples and positions while there are any. */

#if !defined KE_T_f16 && !defined KE_T_bf16
#error "for f16 and bf16"
#endif

#define MT	KE_MT
#define NT	KE_NT
#define BO	(16 * MT * KE_WO)
#define BL	(8 * NT * KE_WL)
#define BC	KE_BC
#define STAGES	KE_STAGES
#define THREADS	(32 * KE_WO * KE_WL)
#define CHUNKS	((KE_Cin + BC - 1) / BC)
#define TILES	((KE_L + BL - 1) / BL)	/* of a sample's positions */
#define LEAST(a, b) ((a) < (b) ? (a) : (b))

/* Pitches: of w in words, of x in elements. */
#define CW	(KE_RESIDENT ? CHUNKS * BC : BC)
#define PW	(3 * CW / 2 + LEAST((44 - 3 * CW / 2 % 32) % 32, \
	(52 - 3 * CW / 2 % 32) % 32))
#define PX	(BL + 16 + 8 * ((NT * KE_WL + 1) % 2))

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

/* Channels from c on of the block's rows of w. */
static __device__ __forceinline__ void
load_w(uint32_t *to, const ke_t *w, int c)
{
	constexpr int row = 3 * KE_Cin, width = 3 * CW;

	w += (int64_t)blockIdx.x * BO * row;
	if constexpr (row % 8 == 0) {
		for (int i = threadIdx.x; i < BO * width / 8; i += THREADS) {
			int o = i / (width / 8), j = i % (width / 8) * 8;
			bool in = blockIdx.x * BO + o < KE_Cout &&
			    3 * c + j < row;

			copy16(to + o * PW + j / 2,
			    in ? w + o * row + 3 * c + j : w, in ? 16 : 0);
		}
	} else {
		for (int i = threadIdx.x; i < BO * width; i += THREADS) {
			int o = i / width, j = i % width;
			bool in = blockIdx.x * BO + o < KE_Cout &&
			    3 * c + j < row;

			((ke_t *)(to + o * PW))[j] = in
			    ? w[o * row + 3 * c + j] : (ke_t)0.0f;
		}
	}
}

/* Channels from c on, positions from l - 8 on, of a sample. */
static __device__ __forceinline__ void
load_x(ke_t *to, const ke_t *x, int c, int l)
{
	constexpr int width = BL + 16;

	if constexpr (KE_L % 8 == 0) {
		for (int i = threadIdx.x; i < BC * width / 8; i += THREADS) {
			int r = i / (width / 8), j = i % (width / 8) * 8;
			int at = l - 8 + j;
			bool in = c + r < KE_Cin && at >= 0 && at < KE_L;

			copy16(to + r * PX + j,
			    in ? x + (int64_t)(c + r) * KE_L + at : x,
			    in ? 16 : 0);
		}
	} else {
		for (int i = threadIdx.x; i < BC * width; i += THREADS) {
			int r = i / width, j = i % width, at = l - 8 + j;
			bool in = c + r < KE_Cin && at >= 0 && at < KE_L;

			to[r * PX + j] = in
			    ? x[(int64_t)(c + r) * KE_L + at] : (ke_t)0.0f;
		}
	}
}

/* Fragments of sixteen channels of x: b[tap][i] for the warp's i-th eight
 * positions. */
static __device__ __forceinline__ void
fragments(uint32_t (&b)[3][NT][2], const ke_t *x, int lane)
{
	uint32_t f[NT + 2][2], left[NT + 2], right[NT + 2];

#pragma unroll
	for (int j = 0; j + 1 < NT + 2; j += 2)
		ldmatrix_t(f[j], x + lane % 16 * PX + (j + lane / 16) * 8);
	if (NT % 2 == 1)
		ldmatrix2_t(f[NT + 1], x + lane % 16 * PX + (NT + 1) * 8);
#pragma unroll
	for (int h = 0; h < 2; h++) {
#pragma unroll
		for (int j = 0; j < NT + 1; j++) {
			left[j] = __shfl_sync(~0u, f[j][h], (lane + 28) & 31);
			right[j + 1] = __shfl_sync(~0u, f[j + 1][h],
			    (lane + 4) & 31);
		}
#pragma unroll
		for (int i = 0; i < NT; i++) {
			b[0][i][h] = lane < 4 ? left[i] : left[i + 1];
			b[1][i][h] = f[i + 1][h];
			b[2][i][h] = lane >= 28 ? right[i + 2] : right[i + 1];
		}
	}
}

/* Sixteen rows by sixteen channels of w for the three taps. */
static __device__ __forceinline__ void
taps(uint32_t (&a)[3][4], const uint32_t *w)
{
#pragma unroll
	for (int i = 0; i < 4; i++) {
		const uint32_t *p = w + i % 2 * 8 * PW + i / 2 * 12;
		uint32_t v0 = p[0], v1 = p[1], v2 = p[2];

		a[0][i] = __byte_perm(v0, v1, 0x7610);
		a[1][i] = __byte_perm(v0, v2, 0x5432);
		a[2][i] = __byte_perm(v1, v2, 0x7610);
	}
}

/* Two fragments beside each other, or one: with lanes in pairs changing words,
 * each stores four positions. */
static __device__ __forceinline__ void
store(ke_t *y, int o, int l, const float *d, const float *e, float add,
    int lane)
{
	int q = lane % 4;

	if constexpr (KE_L % 4 == 0) {
		uint32_t v = pack(d[0] + add, d[1] + add), u = 0;

		if (e != nullptr)
			u = pack(e[0] + add, e[1] + add);
		uint32_t t = __shfl_xor_sync(~0u, q & 1 ? v : u, 1);
		uint2 out = q & 1 ? make_uint2(t, u) : make_uint2(v, t);

		l += (q & 1) * 8 + (q & 2) * 2;
		if (o < KE_Cout && l < KE_L && (e != nullptr || !(q & 1)))
			*(uint2 *)(y + (int64_t)o * KE_L + l) = out;
	} else {
		for (int i = 0; i < 2; i++) {
			ke_t *p = y + (int64_t)o * KE_L + l + q * 2 + i;
			int left = o < KE_Cout ? KE_L - (l + q * 2 + i) : 0;

			if (left > 0)
				p[0] = (ke_t)(d[i] + add);
			if (e != nullptr && left > 8)
				p[8] = (ke_t)(e[i] + add);
		}
	}
}

extern "C" __global__ void __launch_bounds__(THREADS)
conv1d(const ke_t *__restrict__ x, const ke_t *__restrict__ w,
    const ke_t *__restrict__ bias, ke_t *__restrict__ y, int B, int Cin,
    int Cout, int L)
{
	extern __shared__ __align__(16) unsigned char shared[];
	uint32_t *ws = (uint32_t *)shared;
	ke_t *xs = (ke_t *)(ws + (KE_RESIDENT ? 1 : STAGES) * BO * PW);
	int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
	int wo = warp % KE_WO * MT * 16, wl = warp / KE_WO * NT * 8;
	int tiles = B * TILES;
	int mine = (tiles - (int)blockIdx.y + gridDim.y - 1) / gridDim.y;
	int steps = mine * CHUNKS;
	float d[MT][NT][4] = {};

	auto load = [&](int step) {
		int t = blockIdx.y + step / CHUNKS * gridDim.y;
		int c = step % CHUNKS * BC, slot = step % STAGES;

		load_x(xs + slot * BC * PX, x + (int64_t)(t / TILES) *
		    KE_Cin * KE_L, c, t % TILES * BL);
		if (!KE_RESIDENT)
			load_w(ws + slot * BO * PW, w, c);
	};

	if (KE_RESIDENT)
		load_w(ws, w, 0);
	for (int i = 0; i < STAGES - 1; i++) {
		if (i < steps)
			load(i);
		copy_commit();
	}
	for (int step = 0; step < steps; step++) {
		const ke_t *xt = xs + step % STAGES * BC * PX + wl;
		const uint32_t *wt = ws + (wo + lane / 4) * PW + lane % 4 * 3 +
		    (KE_RESIDENT ? step % CHUNKS * (BC * 3 / 2)
		    : step % STAGES * BO * PW);

		copy_wait<STAGES - 2>();
		__syncthreads();
		if (step + STAGES - 1 < steps)
			load(step + STAGES - 1);
		copy_commit();
#pragma unroll
		for (int k = 0; k < BC; k += 16) {
			uint32_t b[3][NT][2];

			fragments(b, xt + k * PX, lane);
#pragma unroll
			for (int m = 0; m < MT; m++) {
				uint32_t a[3][4];

				taps(a, wt + m * 16 * PW + k * 3 / 2);
#pragma unroll
				for (int tap = 0; tap < 3; tap++)
#pragma unroll
					for (int n = 0; n < NT; n++)
						mma(d[m][n], a[tap],
						    b[tap][n]);
			}
		}
		if ((step + 1) % CHUNKS != 0)
			continue;

		int t = blockIdx.y + step / CHUNKS * gridDim.y;
		int l = t % TILES * BL + wl;
		ke_t *to = y + (int64_t)(t / TILES) * KE_Cout * KE_L;
#pragma unroll
		for (int m = 0; m < MT; m++) {
#pragma unroll
			for (int h = 0; h < 2; h++) {
				int o = blockIdx.x * BO + wo + m * 16 + h * 8 +
				    lane / 4;
				float add = o < KE_Cout ? (float)bias[o] : 0;

#pragma unroll
				for (int n = 0; n < NT; n += 2)
					store(to, o, l + n * 8,
					    d[m][n] + h * 2, n + 1 < NT
					    ? d[m][n + 1] + h * 2 : nullptr,
					    add, lane);
			}
#pragma unroll
			for (int n = 0; n < NT; n++)
				for (int i = 0; i < 4; i++)
					d[m][n][i] = 0;
		}
	}
}
