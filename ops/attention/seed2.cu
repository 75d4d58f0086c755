/* ke-plan
{ "tune": {
    "WGS": [1, 2, 3],
    "BN": [64, 128],
    "STAGES": [1, 2, 3, 4, 5]},
  "choice": [
    {"when": "D == 64", "WGS": 3, "BN": 128, "STAGES": 4},
    {"WGS": 2, "BN": 128, "STAGES": 2}],
  "require": [
    "D*(128*WGS + 4*STAGES*BN) + 32*STAGES + 8 + 1024 <= 232448",
    "D/2 + 3*BN/4 + 50 <= (WGS == 3 ? 180 : 240)"],
  "constants": ["S", "D", "causal"],
  "domain": ["D == 64 || D == 128"],
  "maps": {
    "qmap": {"tensor": "q", "shape": ["B*H", "S", "D"],
      "box": [1, "64*WGS", 64], "swizzle": 128, "promotion": 128},
    "kmap": {"tensor": "k", "shape": ["B*H", "S", "D"],
      "box": [1, "BN", 64], "swizzle": 128, "promotion": 256},
    "vmap": {"tensor": "v", "shape": ["B*H", "S", "D"],
      "box": [1, "BN", 64], "swizzle": 128, "promotion": 256}},
  "launches": [
    {"kernel": "attention", "grid": ["cdiv(S, 64*WGS)", "B*H"],
     "block": ["128*(WGS + 1)"],
     "shared": "D*(128*WGS + 4*STAGES*BN) + 32*STAGES + 8 + 1024",
     "args": ["qmap", "kmap", "vmap", "y"]}] }

A block is 64*WGS rows of one head, 64 for each warpgroup but the first, whose
one thread copies the rows, then BN keys and values at a time, with the tensor
copy engine into STAGES slots.  Both products are wgmma's: scores from shared
memory, values with the weights' registers.  While the tensor cores add the
values of one step, the scores of the next, which were asked for before, are
made weights.  With causal the last rows come first, for they are the most work,
and keys behind a block's last row aren't read. */

#ifndef KE_T_f16
#error "for f16"
#endif

#define S	KE_S
#define D	KE_D
#define BM	(64 * KE_WGS)
#define BN	KE_BN
#define STAGES	KE_STAGES
#define PANELS	(D / 64)	/* of 64 columns, the span of the swizzle */
#define Q_PANEL	(BM * 128)
#define PANEL	(BN * 128)
#define SLOT	(PANELS * PANEL)
#define LEAST	__int_as_float(0xff800000)	/* minus infinity */

static __device__ __forceinline__ uint32_t
address(const void *p)
{
	return (uint32_t)__cvta_generic_to_shared(p);
}

static __device__ __forceinline__ void
barrier_init(uint32_t bar, int count)
{
	asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;"
	    :: "r"(bar), "r"(count) : "memory");
}

static __device__ __forceinline__ void
barrier_expect(uint32_t bar, int bytes)
{
	asm volatile(
	    "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
	    :: "r"(bar), "r"(bytes) : "memory");
}

static __device__ __forceinline__ void
barrier_wait(uint32_t bar, int parity)
{
	uint32_t done;

	do
		asm volatile("{\n\t.reg .pred p;\n\t"
		    "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n\t"
		    "selp.u32 %0, 1, 0, p;\n\t}"
		    : "=r"(done) : "r"(bar), "r"(parity) : "memory");
	while (!done);
}

static __device__ __forceinline__ void
barrier_arrive(uint32_t bar)
{
	asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];"
	    :: "r"(bar) : "memory");
}

static __device__ __forceinline__ void
barrier_fence()
{
	asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

static __device__ __forceinline__ void
load_box(uint32_t to, const CUtensorMap *map, int x, int y, int z,
    uint32_t bar)
{
	asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile."
	    "mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], [%5];"
	    :: "r"(to), "l"(map), "r"(x), "r"(y), "r"(z), "r"(bar)
	    : "memory");
}

static __device__ __forceinline__ void
more_registers()
{
#if KE_WGS == 2
	asm volatile("setmaxnreg.inc.sync.aligned.u32 240;");
#elif KE_WGS == 3
	asm volatile("setmaxnreg.inc.sync.aligned.u32 160;");
#endif
}

static __device__ __forceinline__ void
fewer_registers()
{
#if KE_WGS == 2
	asm volatile("setmaxnreg.dec.sync.aligned.u32 24;");
#elif KE_WGS == 3
	asm volatile("setmaxnreg.dec.sync.aligned.u32 32;");
#endif
}

static __device__ __forceinline__ void
wgmma_fence()
{
	asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

static __device__ __forceinline__ void
wgmma_commit()
{
	asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

template <int N>
static __device__ __forceinline__ void
wgmma_wait()
{
	asm volatile("wgmma.wait_group.sync.aligned %0;" :: "n"(N) : "memory");
}

/* So that the compiler neither reads sums before a wait, nor takes the
 * registers of an operand. */
template <int N>
static __device__ __forceinline__ void
settle(float (&d)[N])
{
#pragma unroll
	for (int i = 0; i < N; i++)
		asm volatile("" : "+f"(d[i]) :: "memory");
}

template <int N>
static __device__ __forceinline__ void
settle(uint32_t (&d)[N][4])
{
#pragma unroll
	for (int i = 0; i < N; i++)
		asm volatile("" : "+r"(d[i][0]), "+r"(d[i][1]), "+r"(d[i][2]),
		    "+r"(d[i][3]) :: "memory");
}

#define D8(i)	"+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), \
	"+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define D32(i)	D8(i), D8(i + 8), D8(i + 16), D8(i + 24)
#define R0	"%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15," \
	"%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define R1	",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45," \
	"%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61," \
	"%62,%63"

/* d = a b^T + (keep ? d : 0), both by rows. */
static __device__ __forceinline__ void
wgmma_qk(float (&d)[32], uint64_t a, uint64_t b, int keep)
{
	asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.b32 p, %34, 0;\n\t"
	    "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 "
	    "{" R0 "}, %32, %33, p, 1, 1, 0, 0;\n\t}"
	    : D32(0) : "l"(a), "l"(b), "r"(keep));
}

static __device__ __forceinline__ void
wgmma_qk(float (&d)[64], uint64_t a, uint64_t b, int keep)
{
	asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.b32 p, %66, 0;\n\t"
	    "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 "
	    "{" R0 R1 "}, %64, %65, p, 1, 1, 0, 0;\n\t}"
	    : D32(0), D32(32) : "l"(a), "l"(b), "r"(keep));
}

/* d += a b, a in registers, b as [k][n]. */
static __device__ __forceinline__ void
wgmma_pv(float (&d)[32], const uint32_t (&a)[4], uint64_t b)
{
	asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 "
	    "{" R0 "}, {%32, %33, %34, %35}, %36, 1, 1, 1, 1;"
	    : D32(0) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

static __device__ __forceinline__ void
wgmma_pv(float (&d)[64], const uint32_t (&a)[4], uint64_t b)
{
	asm volatile("wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 "
	    "{" R0 R1 "}, {%64, %65, %66, %67}, %68, 1, 1, 1, 1;"
	    : D32(0), D32(32) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]),
	    "l"(b));
}

/* A matrix in shared memory, swizzled by 128 bytes.  By rows: groups of eight
 * rows are stride apart.  By columns: panels of 64 are lead apart, groups of
 * eight k are stride apart. */
static __device__ __forceinline__ uint64_t
matrix(uint32_t at, int lead, int stride)
{
	return (uint64_t)((at & 0x3ffff) >> 4) | (uint64_t)(lead >> 4) << 16 |
	    (uint64_t)(stride >> 4) << 32 | 1ull << 62;
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

/* Scores of the warpgroup's rows and a slot's keys; not waited for. */
static __device__ __forceinline__ void
scores(float (&s)[BN / 2], uint32_t q, uint32_t k)
{
#pragma unroll
	for (int c = 0; c < D; c += 16)
		wgmma_qk(s, matrix(q + c / 64 * Q_PANEL + c % 64 * 2, 16,
		    1024), matrix(k + c / 64 * PANEL + c % 64 * 2, 16, 1024),
		    c > 0);
	wgmma_commit();
}

/* The weights' product with a slot's values; not waited for. */
static __device__ __forceinline__ void
values(float (&y)[D / 2], const uint32_t (&p)[BN / 16][4], uint32_t v)
{
#pragma unroll
	for (int k = 0; k < BN / 16; k++)
		wgmma_pv(y, p[k], matrix(v + k * 2048, PANEL, 1024));
	wgmma_commit();
}

/* Keys from key on that don't count for the thread's rows, row and row + 8. */
static __device__ __forceinline__ void
mask(float (&s)[BN / 2], int row, int key)
{
#pragma unroll
	for (int i = 0; i < BN / 2; i++) {
		int r = row + i / 2 % 2 * 8;
		int c = key + i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2;

		if (c >= S || (KE_causal && c > r))
			s[i] = LEAST;
	}
}

/* The scores become weights, relative to the largest so far; shrink is what
 * earlier sums are to be multiplied by. */
static __device__ __forceinline__ void
weights(float (&s)[BN / 2], float (&most)[2], float (&sum)[2],
    float (&shrink)[2], float scale)
{
#pragma unroll
	for (int h = 0; h < 2; h++) {
		float x = LEAST, t = 0;

#pragma unroll
		for (int i = h * 2; i < BN / 2; i += 4)
			x = fmaxf(x, fmaxf(s[i], s[i + 1]));
		x = fmaxf(x, __shfl_xor_sync(~0u, x, 1));
		x = fmaxf(x, __shfl_xor_sync(~0u, x, 2));
		x = fmaxf(x * scale, most[h]);
		shrink[h] = exp2_fast(most[h] - x);
		most[h] = x;
#pragma unroll
		for (int i = h * 2; i < BN / 2; i += 4) {
			s[i] = exp2_fast(fmaf(s[i], scale, -x));
			s[i + 1] = exp2_fast(fmaf(s[i + 1], scale, -x));
			t += s[i] + s[i + 1];
		}
		sum[h] = sum[h] * shrink[h] + t;
	}
}

static __device__ __forceinline__ void
operands(uint32_t (&p)[BN / 16][4], const float (&s)[BN / 2])
{
#pragma unroll
	for (int i = 0; i < BN / 4; i++)
		p[i / 4][i % 4] = pack(s[i * 2], s[i * 2 + 1]);
}

/* Two fragments of a row beside each other: lanes in pairs change words, so
 * that each stores four columns. */
static __device__ __forceinline__ void
store(__half *y, bool row, const float *d, float by)
{
	int q = threadIdx.x % 4;
	uint32_t a = pack(d[0] * by, d[1] * by);
	uint32_t b = pack(d[4] * by, d[5] * by);
	uint32_t t = __shfl_xor_sync(~0u, q & 1 ? a : b, 1);

	if (row)
		*(uint2 *)(y + (q & 1) * 8 + (q & 2) * 2) =
		    q & 1 ? make_uint2(t, b) : make_uint2(a, t);
}

extern "C" __global__ void __launch_bounds__(128 * (KE_WGS + 1), 1)
attention(const __grid_constant__ CUtensorMap qmap,
    const __grid_constant__ CUtensorMap kmap,
    const __grid_constant__ CUtensorMap vmap, __half *__restrict__ y)
{
	extern __shared__ unsigned char shared[];
	uint32_t qs = (address(shared) + 1023) & ~1023u;
	uint32_t ks = qs + PANELS * Q_PANEL, vs = ks + STAGES * SLOT;
	uint32_t kfull = vs + STAGES * SLOT, vfull = kfull + 8 * STAGES;
	uint32_t kempty = vfull + 8 * STAGES, vempty = kempty + 8 * STAGES;
	uint32_t qfull = vempty + 8 * STAGES;
	int row = (KE_causal ? gridDim.x - 1 - blockIdx.x : blockIdx.x) * BM;
	int keys = KE_causal ? min(S, row + BM) : S;
	int steps = (keys + BN - 1) / BN;

	if (threadIdx.x == 0) {
		for (int i = 0; i < STAGES; i++) {
			barrier_init(kfull + 8 * i, 1);
			barrier_init(vfull + 8 * i, 1);
			barrier_init(kempty + 8 * i, 4 * KE_WGS);
			barrier_init(vempty + 8 * i, 4 * KE_WGS);
		}
		barrier_init(qfull, 1);
		barrier_fence();
	}
	__syncthreads();

	if (threadIdx.x < 128) {
		fewer_registers();
		if (threadIdx.x == 0) {
			barrier_expect(qfull, PANELS * Q_PANEL);
			for (int p = 0; p < PANELS; p++)
				load_box(qs + p * Q_PANEL, &qmap, p * 64, row,
				    blockIdx.y, qfull);
		}
		for (int i = 0; threadIdx.x == 0 && i < steps; i++) {
			int slot = i % STAGES, phase = i / STAGES % 2;

			barrier_wait(kempty + 8 * slot, phase ^ 1);
			barrier_expect(kfull + 8 * slot, SLOT);
			for (int p = 0; p < PANELS; p++)
				load_box(ks + slot * SLOT + p * PANEL, &kmap,
				    p * 64, i * BN, blockIdx.y,
				    kfull + 8 * slot);
			barrier_wait(vempty + 8 * slot, phase ^ 1);
			barrier_expect(vfull + 8 * slot, SLOT);
			for (int p = 0; p < PANELS; p++)
				load_box(vs + slot * SLOT + p * PANEL, &vmap,
				    p * 64, i * BN, blockIdx.y,
				    vfull + 8 * slot);
		}
	} else {
		int group = threadIdx.x / 128 - 1, lane = threadIdx.x % 32;
		int first = row + group * 64;
		int r = first + threadIdx.x / 32 % 4 * 16 + lane / 4;
		float scale = 1.44269504f / sqrtf((float)D);
		float s[BN / 2], out[D / 2], most[2] = {LEAST, LEAST};
		float sum[2] = {}, shrink[2];
		uint32_t p[BN / 16][4];

		more_registers();
		qs += group * 64 * 128;
#pragma unroll
		for (int i = 0; i < D / 2; i++)
			out[i] = 0;
		barrier_wait(qfull, 0);
		for (int i = 0; i < steps; i++) {
			int slot = i % STAGES, phase = i / STAGES % 2;
			int last = (i + STAGES - 1) % STAGES;

			barrier_wait(kfull + 8 * slot, phase);
			wgmma_fence();
			scores(s, qs, ks + slot * SLOT);
			if (i > 0) {
				barrier_wait(vfull + 8 * last,
				    (i - 1) / STAGES % 2);
				wgmma_fence();
				values(out, p, vs + last * SLOT);
				wgmma_wait<1>();
			} else {
				wgmma_wait<0>();
			}
			settle(s);
			if (lane == 0)
				barrier_arrive(kempty + 8 * slot);
			if (i * BN + BN > S ||
			    (KE_causal && i * BN + BN - 1 > first))
				mask(s, r, i * BN);
			weights(s, most, sum, shrink, scale);
			wgmma_wait<0>();
			settle(out);
			settle(p);
			if (i > 0 && lane == 0)
				barrier_arrive(vempty + 8 * last);
#pragma unroll
			for (int j = 0; j < D / 2; j++)
				out[j] *= shrink[j / 2 % 2];
			operands(p, s);
		}
		barrier_wait(vfull + 8 * ((steps - 1) % STAGES),
		    (steps - 1) / STAGES % 2);
		wgmma_fence();
		values(out, p, vs + (steps - 1) % STAGES * SLOT);
		wgmma_wait<0>();
		settle(out);
#pragma unroll
		for (int h = 0; h < 2; h++) {
			float t = sum[h];

			t += __shfl_xor_sync(~0u, t, 1);
			t += __shfl_xor_sync(~0u, t, 2);
#pragma unroll
			for (int j = 0; j < D / 8; j += 2)
				store(y + ((int64_t)blockIdx.y * S + r +
				    h * 8) * D + j * 8, r + h * 8 < S,
				    out + j * 4 + h * 2, 1 / t);
		}
	}
}
