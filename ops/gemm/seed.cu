/* ke-plan
{ "tune": {
    "WGS": [1, 2, 3, 4],
    "BN": [64, 128, 192, 256],
    "STAGES": [2, 3, 4, 5, 6, 8, 10, 12],
    "GROUP": [1, 2, 4, 8, 16, 32],
    "CL": [1, 2],
    "SMS": [0, 132]},
  "choice": [
    {"when": "M <= 128", "WGS": 1, "BN": 64, "STAGES": 12, "GROUP": 2,
     "CL": 2, "SMS": 0},
    {"WGS": 2, "BN": 256, "STAGES": 4, "GROUP": 8, "CL": 2, "SMS": 132}],
  "require": [
    "STAGES*(128*(64*WGS + BN) + 16) + 1024 <= 232448",
    "BN <= (WGS <= 2 ? 256 : WGS == 3 ? 192 : 128)"],
  "domain": ["N % 8 == 0", "K % 8 == 0"],
  "maps": {
    "amap": {"tensor": "A", "shape": ["M", "K"], "box": ["64*WGS", 64],
      "swizzle": 128, "promotion": 256},
    "bmap": {"tensor": "B", "shape": ["K", "N"], "box": [64, 64],
      "swizzle": 128, "promotion": 256}},
  "launches": [
    {"kernel": "gemm",
     "grid": ["CL*min(SMS ? SMS/CL : 1000000000, cdiv(cdiv(M, 64*WGS), CL)*cdiv(N, BN))"],
     "block": ["128*(WGS + 1)"], "cluster": ["CL", 1, 1],
     "shared": "STAGES*(128*(64*WGS + BN) + 16) + 1024",
     "args": ["amap", "bmap", "C", "M", "N", "K"]}] }

One warpgroup's thread copies tiles of A (64*WGS by 64) and of B (64 by BN) with
the tensor copy engine into STAGES slots, each with a full and an empty barrier;
WGS warpgroups multiply, 64 rows by BN columns each, by wgmma, with the sums in
registers.  A block goes over tiles while there are any, so that while it stores
one, the copies for the next are under way; SMS 0 gives each tile a block.
GROUP rows of tiles are walked together, down the rows first, for the second-
level cache.  CL 2: two blocks of a cluster have the same columns, and each
copies half of B to both. */

#if !defined KE_T_f16 && !defined KE_T_bf16
#error "for f16 and bf16"
#endif

#define BM	(64 * KE_WGS)
#define BN	KE_BN
#define BK	64	/* 128 bytes, the span of the swizzle */
#define STAGES	KE_STAGES
#define CL	KE_CL
#define A_BYTES	(BM * 128)
#define PANEL	(BK * 128)	/* 64 columns of B */
#define SLOT	(A_BYTES + BN * 128)

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

/* Arrives at the barrier of one block of the cluster. */
static __device__ __forceinline__ void
barrier_arrive(uint32_t bar, int rank)
{
	asm volatile("{\n\t.reg .b32 a;\n\t"
	    "mapa.shared::cluster.u32 a, %0, %1;\n\t"
	    "mbarrier.arrive.shared::cluster.b64 _, [a];\n\t}"
	    :: "r"(bar), "r"(rank) : "memory");
}

static __device__ __forceinline__ void
barrier_fence()
{
	asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

static __device__ __forceinline__ void
cluster_sync()
{
	asm volatile("barrier.cluster.arrive.release;\n\t"
	    "barrier.cluster.wait.acquire;" ::: "memory");
}

static __device__ __forceinline__ int
cluster_rank()
{
	int r;

	asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(r));
	return r;
}

static __device__ __forceinline__ void
load_box(uint32_t to, const CUtensorMap *map, int x, int y, uint32_t bar)
{
	asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile."
	    "mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];"
	    :: "r"(to), "l"(map), "r"(x), "r"(y), "r"(bar) : "memory");
}

/* To the same place in each block of the cluster whose bit is set. */
static __device__ __forceinline__ void
load_box_to(uint32_t to, const CUtensorMap *map, int x, int y, uint32_t bar,
    uint16_t blocks)
{
	asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile."
	    "mbarrier::complete_tx::bytes.multicast::cluster "
	    "[%0], [%1, {%2, %3}], [%4], %5;"
	    :: "r"(to), "l"(map), "r"(x), "r"(y), "r"(bar), "h"(blocks)
	    : "memory");
}

static __device__ __forceinline__ void
more_registers()
{
#if KE_WGS == 2
	asm volatile("setmaxnreg.inc.sync.aligned.u32 240;");
#elif KE_WGS == 3
	asm volatile("setmaxnreg.inc.sync.aligned.u32 160;");
#elif KE_WGS == 4
	asm volatile("setmaxnreg.inc.sync.aligned.u32 112;");
#endif
}

static __device__ __forceinline__ void
fewer_registers()
{
#if KE_WGS == 3
	asm volatile("setmaxnreg.dec.sync.aligned.u32 32;");
#elif KE_WGS != 1
	asm volatile("setmaxnreg.dec.sync.aligned.u32 24;");
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

/* So that the compiler reads no sum before the wait. */
static __device__ __forceinline__ void
settle(float (&d)[BN / 2])
{
#pragma unroll
	for (int i = 0; i < BN / 2; i++)
		asm volatile("" : "+f"(d[i]) :: "memory");
}

#ifdef KE_T_bf16
#define TYPES	".f32.bf16.bf16 "
#else
#define TYPES	".f32.f16.f16 "
#endif
#define D8(i)	"+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), \
	"+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define D32(i)	D8(i), D8(i + 8), D8(i + 16), D8(i + 24)
#define R0	"%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15," \
	"%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define R1	",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45," \
	"%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61," \
	"%62,%63"
#define R2	",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77," \
	"%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93," \
	"%94,%95"
#define R3	",%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107," \
	"%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119,%120," \
	"%121,%122,%123,%124,%125,%126,%127"
#if BN == 64
#define SHAPE	"m64n64k16"
#define SUMS	R0
#define OPERANDS "%32, %33, p"
#define SCALE	"%34"
#define OUTPUTS	D32(0)
#elif BN == 128
#define SHAPE	"m64n128k16"
#define SUMS	R0 R1
#define OPERANDS "%64, %65, p"
#define SCALE	"%66"
#define OUTPUTS	D32(0), D32(32)
#elif BN == 192
#define SHAPE	"m64n192k16"
#define SUMS	R0 R1 R2
#define OPERANDS "%96, %97, p"
#define SCALE	"%98"
#define OUTPUTS	D32(0), D32(32), D32(64)
#else
#define SHAPE	"m64n256k16"
#define SUMS	R0 R1 R2 R3
#define OPERANDS "%128, %129, p"
#define SCALE	"%130"
#define OUTPUTS	D32(0), D32(32), D32(64), D32(96)
#endif

/* d = a b + (keep ? d : 0); a is by rows, b lies as [k][n]. */
static __device__ __forceinline__ void
wgmma(float (&d)[BN / 2], uint64_t a, uint64_t b, int keep)
{
	asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.b32 p, " SCALE ", 0;\n\t"
	    "wgmma.mma_async.sync.aligned." SHAPE TYPES
	    "{" SUMS "}, " OPERANDS ", 1, 1, 0, 1;\n\t}"
	    : OUTPUTS : "l"(a), "l"(b), "r"(keep));
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

static __device__ __forceinline__ void
exchange(uint32_t &a, uint32_t &b, int bit, int mask)
{
	uint32_t v = __shfl_xor_sync(~0u, bit ? a : b, mask);

	if (bit)
		a = v;
	else
		b = v;
}

/* Where a tile stands: row and column of tiles, rows in units of CL. */
static __device__ __forceinline__ void
place(int t, int rows, int columns, int &row, int &column)
{
	int group = t / (KE_GROUP * columns);
	int in = t - group * KE_GROUP * columns;
	int height = min(KE_GROUP, rows - group * KE_GROUP);

	row = group * KE_GROUP + in % height;
	column = in / height;
}

/* 64 by BN sums of a warpgroup.  Four lanes have a row's words of 32 columns;
 * they change them so that each stores eight columns at once. */
static __device__ __forceinline__ void
store(const float (&d)[BN / 2], ke_t *C, int row, int column, int M, int N)
{
	int lane = threadIdx.x % 32, q = lane % 4;

	row += threadIdx.x / 32 % 4 * 16 + lane / 4;
#pragma unroll
	for (int j = 0; j < BN / 8; j += 4) {
#pragma unroll
		for (int h = 0; h < 2; h++) {
			uint4 v = make_uint4(
			    pack(d[j * 4 + h * 2], d[j * 4 + h * 2 + 1]),
			    pack(d[j * 4 + h * 2 + 4], d[j * 4 + h * 2 + 5]),
			    pack(d[j * 4 + h * 2 + 8], d[j * 4 + h * 2 + 9]),
			    pack(d[j * 4 + h * 2 + 12],
				d[j * 4 + h * 2 + 13]));
			int c = column + (j + q) * 8;

			exchange(v.x, v.y, q & 1, 1);
			exchange(v.z, v.w, q & 1, 1);
			exchange(v.x, v.z, q & 2, 2);
			exchange(v.y, v.w, q & 2, 2);
			if (row + h * 8 < M && c < N)
				*(uint4 *)(C + (int64_t)(row + h * 8) * N + c)
				    = v;
		}
	}
}

extern "C" __global__ void __launch_bounds__(128 * (KE_WGS + 1), 1)
gemm(const __grid_constant__ CUtensorMap amap,
    const __grid_constant__ CUtensorMap bmap, ke_t *__restrict__ C, int M,
    int N, int K)
{
	extern __shared__ unsigned char shared[];
	uint32_t base = (address(shared) + 1023) & ~1023u;
	uint32_t full = base + STAGES * SLOT, empty = full + 8 * STAGES;
	int rank = CL == 1 ? 0 : cluster_rank();
	int rows = (M + BM * CL - 1) / (BM * CL), columns = (N + BN - 1) / BN;
	int steps = (K + BK - 1) / BK, slot = 0, phase = 0;

	if (threadIdx.x == 0) {
		for (int i = 0; i < STAGES; i++) {
			barrier_init(full + 8 * i, 1);
			barrier_init(empty + 8 * i, 4 * KE_WGS * CL);
		}
		barrier_fence();
	}
	if (CL == 1)
		__syncthreads();
	else
		cluster_sync();

	if (threadIdx.x < 128) {
		fewer_registers();
		for (int t = blockIdx.x / CL; threadIdx.x == 0 &&
		    t < rows * columns; t += gridDim.x / CL) {
			int row, column;

			place(t, rows, columns, row, column);
			row = (row * CL + rank) * BM;
			column *= BN;
			for (int k = 0; k < steps; k++) {
				uint32_t to = base + slot * SLOT;
				uint32_t bar = full + 8 * slot;

				barrier_wait(empty + 8 * slot, phase ^ 1);
				barrier_expect(bar, SLOT);
				load_box(to, &amap, k * BK, row, bar);
#pragma unroll
				for (int p = 0; p < BN / 64; p++) {
					uint32_t b = to + A_BYTES + p * PANEL;

					if (CL == 1)
						load_box(b, &bmap,
						    column + p * 64, k * BK,
						    bar);
					else if (p % CL == rank)
						load_box_to(b, &bmap,
						    column + p * 64, k * BK,
						    bar, (1 << CL) - 1);
				}
				if (++slot == STAGES) {
					slot = 0;
					phase ^= 1;
				}
			}
		}
	} else {
		int group = threadIdx.x / 128 - 1, lane = threadIdx.x % 32;

		more_registers();
		for (int t = blockIdx.x / CL; t < rows * columns;
		    t += gridDim.x / CL) {
			float d[BN / 2];
			int row, column, last = 0;

			place(t, rows, columns, row, column);
			for (int k = 0; k < steps; k++) {
				uint32_t a = base + slot * SLOT;
				uint32_t b = a + A_BYTES;

				a += group * 64 * 128;
				barrier_wait(full + 8 * slot, phase);
				wgmma_fence();
#pragma unroll
				for (int i = 0; i < BK / 16; i++)
					wgmma(d, matrix(a + i * 32, 16, 1024),
					    matrix(b + i * 2048, PANEL, 1024),
					    k + i > 0);
				wgmma_commit();
				/* what the step before read is free */
				wgmma_wait<1>();
				if (k > 0 && lane < CL)
					barrier_arrive(empty + 8 * last, lane);
				last = slot;
				if (++slot == STAGES) {
					slot = 0;
					phase ^= 1;
				}
			}
			wgmma_wait<0>();
			settle(d);
			if (lane < CL)
				barrier_arrive(empty + 8 * last, lane);
			store(d, C, (row * CL + rank) * BM + group * 64,
			    column * BN, M, N);
		}
	}
	/* a block's barriers must last as long as others arrive at them */
	if (CL > 1)
		cluster_sync();
}
