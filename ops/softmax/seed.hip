/* ke-plan
{ "tune": {
    "TPR": [16, 32, 64, 128, 256, 512, 1024],
    "ROWS": [1, 2, 4, 8, 16],
    "ITEMS": [8, 16, 32, 64, 128],
    "TWICE": [0, 1],
    "PAST": [0, 1]},
  "choice": [
    {"when": "N > 8192", "TPR": 1024, "ROWS": 1, "ITEMS": 128, "TWICE": 1,
      "PAST": 1},
    {"when": "N > 1024", "TPR": 256, "ROWS": 1, "ITEMS": 32, "TWICE": 0,
      "PAST": 1},
    {"TPR": 64, "ROWS": 4, "ITEMS": 16, "TWICE": 0, "PAST": 1}],
  "require": ["TPR*ROWS <= 1024", "TPR*ROWS*ITEMS <= 65536*(1 + TWICE)"],
  "launches": [
    {"kernel": "softmax", "grid": ["cdiv(M, ROWS)"], "block": ["TPR", "ROWS"],
     "args": ["x", "y", "M", "N"]}] }

A row is read once and kept in registers: TPR threads have ITEMS elements of it
each (at most 256 bytes), in vectors of 16 bytes; a block has ROWS such rows,
and below 64 threads a row a wave has several.  A thread takes its exponentials
against its own largest element, so that one reduction, of pairs (largest, sum),
is all that threads exchange: by shuffles, then LDS.

TWICE 1 keeps the elements as they came and takes exponentials anew for the
quotients; 0 keeps those of the sum, in f32.  In f16 that is half the registers
for twice the exponentials, and a block of 1024 threads, which may have 128
registers each, holds rows of 131072.  PAST 1 loads and stores past the caches.

Rows that don't fit are walked twice by their threads, in vectors, and those
that don't start at a multiple of 16 bytes element by element. */

#define TPR	KE_TPR
#define LANES	(TPR < 64 ? TPR : 64)	/* of a wave, for one row */
#define WAVES	(TPR / LANES)
#define WIDTH	(16 / (int)sizeof(ke_t))	/* of a vector */
#define VECS	(KE_ITEMS / WIDTH < 16 ? KE_ITEMS / WIDTH : 16)
#define LOWEST	-3.402823466e38f
#define BATCH	4	/* vectors that a thread has in flight on a walk */

/* As the vectors of the compiler, and not __half, stay in registers. */
#ifdef KE_T_f16
typedef _Float16 elem;
#else
typedef float elem;
#endif

template <int W>
using vec = elem __attribute__((ext_vector_type(W)));

/* The sum is of exponentials against max. */
struct alignas(8) pair {
	float max, sum;
};

static __device__ __forceinline__ pair
lanes_join(pair p, int lanes)
{
	float m = p.max;

#pragma unroll
	for (int o = lanes / 2; o > 0; o /= 2)
		m = fmaxf(m, __shfl_xor(m, o));
	p.sum *= __expf(p.max - m);
#pragma unroll
	for (int o = lanes / 2; o > 0; o /= 2)
		p.sum += __shfl_xor(p.sum, o);
	return {m, p.sum};
}

/* Of all threads of the row; part has room for its waves. */
static __device__ __forceinline__ pair
row_join(pair p, pair *part)
{
	p = lanes_join(p, LANES);
	if (WAVES == 1)
		return p;
	if (threadIdx.x % 64 == 0)
		part[threadIdx.x / 64] = p;
	__syncthreads();
	return lanes_join(part[threadIdx.x % WAVES], WAVES);
}

/* K vectors, TPR apart, of which those from n on are -inf. */
template <int W, int K>
static __device__ __forceinline__ void
load(vec<W> (&u)[K], const ke_t *x, int first, int n, bool past)
{
#pragma unroll
	for (int k = 0; k < K; k++) {
		const vec<W> *at = (const vec<W> *)x + first + k * TPR;

#pragma unroll
		for (int e = 0; e < W; e++)
			u[k][e] = (elem)__int_as_float(0xff800000);
		if (first + k * TPR < n)
			u[k] = past ? __builtin_nontemporal_load(at) : *at;
	}
}

template <int W, int K>
static __device__ __forceinline__ void
store(const vec<W> (&u)[K], ke_t *y, int first, int n)
{
#pragma unroll
	for (int k = 0; k < K; k++) {
		vec<W> *at = (vec<W> *)y + first + k * TPR;

		if (first + k * TPR >= n)
			continue;
		if (KE_PAST)
			__builtin_nontemporal_store(u[k], at);
		else
			*at = u[k];
	}
}

/* The pair p with these elements; v gets the exponentials. */
template <int W, int K>
static __device__ __forceinline__ pair
take(const vec<W> (&u)[K], float (&v)[K][W], pair p)
{
	vec<W> most = u[0];
	float m = p.max, s = 0;

#pragma unroll
	for (int k = 1; k < K; k++)
		most = __builtin_elementwise_max(most, u[k]);
#pragma unroll
	for (int e = 0; e < W; e++)
		m = fmaxf(m, (float)most[e]);
#pragma unroll
	for (int k = 0; k < K; k++)
#pragma unroll
		for (int e = 0; e < W; e++)
			s += v[k][e] = __expf((float)u[k][e] - m);
	return {m, p.sum * __expf(p.max - m) + s};
}

/* The elements become quotients. */
template <int W, int K>
static __device__ __forceinline__ void
quotients(vec<W> (&u)[K], pair p)
{
	float f = 1 / p.sum;

#pragma unroll
	for (int k = 0; k < K; k++)
#pragma unroll
		for (int e = 0; e < W; e++)
			u[k][e] = (elem)(__expf((float)u[k][e] - p.max) *
			    f);
}

/* n elements, in vectors of W; all threads of the row come here. */
template <int W>
static __device__ __forceinline__ void
row_walk(const ke_t *x, ke_t *y, int n, pair *part)
{
	pair p = {LOWEST, 0};
	vec<W> u[BATCH];
	float v[BATCH][W];

	n /= W;
	for (int j = threadIdx.x; j < n; j += BATCH * TPR) {
		load(u, x, j, n, false);
		p = take(u, v, p);
	}
	p = row_join(p, part);
	for (int j = threadIdx.x; j < n; j += BATCH * TPR) {
		load(u, x, j, n, KE_PAST);
		quotients(u, p);
		store(u, y, j, n);
	}
}

/* The compiler would rather keep what it converted to f32. */
static __device__ __forceinline__ void
forget(vec<WIDTH> (&u)[VECS])
{
	typedef unsigned raw __attribute__((ext_vector_type(4)));

#pragma unroll
	for (int k = 0; k < VECS; k++)
		asm volatile("" : "+v"(*(raw *)&u[k]));
}

static __device__ __forceinline__ void
row_registers(const ke_t *x, ke_t *y, int n, pair *part)
{
	vec<WIDTH> u[VECS];
	float v[VECS][WIDTH], f;
	pair p = {LOWEST, 0};

	n /= WIDTH;
	load(u, x, threadIdx.x, n, KE_PAST);
	p = take(u, v, p);
	f = p.max;
	p = row_join(p, part);
	if (KE_TWICE) {
		forget(u);
		quotients(u, p);
	} else {
		f = __expf(f - p.max) / p.sum;
#pragma unroll
		for (int k = 0; k < VECS; k++)
#pragma unroll
			for (int e = 0; e < WIDTH; e++)
				u[k][e] = (elem)(v[k][e] * f);
	}
	store(u, y, threadIdx.x, n);
}

extern "C" __global__ void __launch_bounds__(TPR * KE_ROWS)
softmax(const ke_t *__restrict__ x, ke_t *__restrict__ y, int M, int N)
{
	__shared__ pair part[KE_ROWS][WAVES];
	int i = blockIdx.x * KE_ROWS + threadIdx.y;
	int n = i < M ? N : 0;	/* the last block's idle threads stay */

	x += (size_t)i * N;
	y += (size_t)i * N;
	if (N % WIDTH != 0)
		row_walk<1>(x, y, n, part[threadIdx.y]);
	else if (N > VECS * TPR * WIDTH)
		row_walk<WIDTH>(x, y, n, part[threadIdx.y]);
	else
		row_registers(x, y, n, part[threadIdx.y]);
}
