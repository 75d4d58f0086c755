/* ke-plan
{ "tune": {
    "TPR": [32, 64, 128, 256, 512, 1024],
    "ROWS": [1, 2, 4, 8, 16],
    "ITEMS": [8, 16, 32, 64],
    "CLUSTER": [1, 2, 4, 8],
    "PAST": [0, 1]},
  "choice": [
    {"when": "N > 16384", "TPR": 512, "ROWS": 1, "ITEMS": 32, "CLUSTER": 8,
      "PAST": 1},
    {"when": "N > 1024", "TPR": 256, "ROWS": 1, "ITEMS": 32, "CLUSTER": 1,
      "PAST": 1},
    {"TPR": 32, "ROWS": 4, "ITEMS": 32, "CLUSTER": 1, "PAST": 1}],
  "require": ["TPR*ROWS <= 1024", "CLUSTER == 1 || ROWS == 1",
    "TPR*ROWS*ITEMS <= 32768"],
  "launches": [
    {"kernel": "softmax", "grid": ["cdiv(M, ROWS)*CLUSTER"],
     "block": ["TPR", "ROWS"], "cluster": ["CLUSTER"],
     "args": ["x", "y", "M", "N"]}] }

A row is read once and kept in registers: TPR threads of each of CLUSTER blocks
have ITEMS elements of it, in vectors of 16 bytes; a block has ROWS such rows.
A thread takes its exponentials against its own largest element, so that one
reduction, of pairs (largest, sum), is all that threads exchange: by shuffles,
then shared memory, then each block of a cluster hands its pair to the others.
PAST 1 keeps loads and stores from staying in the caches.

Rows that don't fit, or don't start at a multiple of 16 bytes, are walked twice
by one block, element by element. */

#define TPR	KE_TPR
#define ITEMS	KE_ITEMS
#define WIDTH	(16 / (int)sizeof(ke_t))	/* of a vector */
#define VECS	(ITEMS / WIDTH)
#define LOWEST	-3.402823466e38f
#define MINUS_INF	__int_as_float(0xff800000)

struct alignas(16) vec {
	ke_t e[WIDTH];
};

/* The sum is of exponentials against max. */
struct alignas(8) pair {
	float max, sum;
};

/* exp(x) for x <= 0; what would be denormal is 0. */
static __device__ __forceinline__ float
exp_neg(float x)
{
	float y;

	x *= 1.44269504f;
	asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
	return y;
}

static __device__ __forceinline__ vec
load(const vec *p)
{
	union {
		uint4 raw;
		vec v;
	} u = {KE_PAST ? __ldcs((const uint4 *)p) : *(const uint4 *)p};

	return u.v;
}

static __device__ __forceinline__ void
store(vec *p, vec v)
{
	union {
		vec v;
		uint4 raw;
	} u = {v};

	if (KE_PAST)
		__stcs((uint4 *)p, u.raw);
	else
		*(uint4 *)p = u.raw;
}

static __device__ __forceinline__ pair
warp_join(pair p)
{
	float m = p.max;

#pragma unroll
	for (int o = 16; o > 0; o /= 2)
		m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
	p.sum *= exp_neg(p.max - m);
#pragma unroll
	for (int o = 16; o > 0; o /= 2)
		p.sum += __shfl_xor_sync(~0u, p.sum, o);
	return {m, p.sum};
}

/* The first n <= 32 of parts, by each warp alike. */
static __device__ __forceinline__ pair
parts_join(const pair *part, int n)
{
	int lane = threadIdx.x % 32;
	pair none = {LOWEST, 0};

	return warp_join(lane < n ? part[lane] : none);
}

/* Of all threads of the row in this block; part has room for its warps. */
static __device__ __forceinline__ pair
row_join(pair p, pair *part)
{
	p = warp_join(p);
	if (TPR == 32)
		return p;
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = p;
	__syncthreads();
	return parts_join(part, TPR / 32);
}

#if KE_CLUSTER > 1
static __device__ __forceinline__ void
cluster_arrive()
{
	asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
}

static __device__ __forceinline__ void
cluster_wait()
{
	asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

/* *p is in shared memory, and goes to the same place of a block's. */
static __device__ __forceinline__ void
give(const pair *p, pair v, int block)
{
	uint32_t at = (uint32_t)__cvta_generic_to_shared(p), there;

	asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) :
	    "r"(at), "r"(block));
	asm volatile("st.shared::cluster.v2.f32 [%0], {%1, %2};" ::
	    "r"(there), "f"(v.max), "f"(v.sum) : "memory");
}
#endif

/* Element by element; all threads of the row come here. */
static __device__ void
row_plain(const ke_t *x, ke_t *y, int n, pair *part)
{
	pair p = {LOWEST, 0};
	float f;

	for (int j = threadIdx.x; j < n; j += TPR) {
		float v = (float)x[j], m = fmaxf(p.max, v);

		p = {m, p.sum * exp_neg(p.max - m) + exp_neg(v - m)};
	}
	p = row_join(p, part);
	f = 1 / p.sum;
	for (int j = threadIdx.x; j < n; j += TPR)
		y[j] = (ke_t)(exp_neg((float)x[j] - p.max) * f);
}

extern "C" __global__ void __launch_bounds__(TPR * KE_ROWS)
softmax(const ke_t *__restrict__ x, ke_t *__restrict__ y, int M, int N)
{
	__shared__ pair part[KE_ROWS][TPR / 32];
	int rank = blockIdx.x % KE_CLUSTER;
	int i = blockIdx.x / KE_CLUSTER * KE_ROWS + threadIdx.y;
	int n = i < M ? N : 0;	/* the last block's idle threads stay */
	int first = rank * VECS * TPR + threadIdx.x;
	float v[VECS][WIDTH], f;
	vec u[VECS];
	pair p = {LOWEST, 0};

	x += (size_t)i * N;
	y += (size_t)i * N;
	if (N % WIDTH != 0 || N > KE_CLUSTER * TPR * ITEMS) {
		if (rank == 0)
			row_plain(x, y, n, part[threadIdx.y]);
		return;
	}
#if KE_CLUSTER > 1
	cluster_arrive();
#endif
	n /= WIDTH;
#pragma unroll
	for (int k = 0; k < VECS; k++) {
		int j = first + k * TPR;

		if (j < n)
			u[k] = load((const vec *)x + j);
	}
#pragma unroll
	for (int k = 0; k < VECS; k++)
#pragma unroll
		for (int e = 0; e < WIDTH; e++) {
			v[k][e] = first + k * TPR < n ? (float)u[k].e[e] :
			    MINUS_INF;
			p.max = fmaxf(p.max, v[k][e]);
		}
#pragma unroll
	for (int k = 0; k < VECS; k++)
#pragma unroll
		for (int e = 0; e < WIDTH; e++)
			p.sum += v[k][e] = exp_neg(v[k][e] - p.max);
	f = p.max;
	p = row_join(p, part[threadIdx.y]);
#if KE_CLUSTER > 1
	__shared__ pair all[KE_CLUSTER];

	/* the others must have begun before their memory is written to */
	cluster_wait();
	if (threadIdx.x < KE_CLUSTER)
		give(&all[rank], p, threadIdx.x);
	__syncwarp();
	cluster_arrive();
	cluster_wait();
	p = parts_join(all, KE_CLUSTER);
#endif
	f = exp_neg(f - p.max) / p.sum;
#pragma unroll
	for (int k = 0; k < VECS; k++) {
		int j = first + k * TPR;

#pragma unroll
		for (int e = 0; e < WIDTH; e++)
			u[k].e[e] = (ke_t)(v[k][e] * f);
		if (j < n)
			store((vec *)y + j, u[k]);
	}
}
