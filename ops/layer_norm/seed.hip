/* ke-plan
{ "tune": {
    "TPR": [16, 32, 64, 128, 256, 512, 1024],
    "ROWS": [1, 2, 4, 8, 16, 32],
    "ITEMS": [8, 16, 32],
    "ITER": [1, 2, 4, 8, 16],
    "KEEP": [0, 1],
    "PAST": [0, 1]},
  "choice": [
    {"when": "N > 1024", "TPR": 256, "ROWS": 1, "ITEMS": 16, "ITER": 1,
      "KEEP": 0, "PAST": 1},
    {"when": "N > 256", "TPR": 64, "ROWS": 4, "ITEMS": 16, "ITER": 1,
      "KEEP": 0, "PAST": 1},
    {"TPR": 16, "ROWS": 16, "ITEMS": 16, "ITER": 4, "KEEP": 1, "PAST": 1}],
  "require": ["TPR*ROWS <= 1024", "TPR*ROWS >= 64",
    "TPR*ROWS*ITEMS <= 16384"],
  "launches": [
    {"kernel": "layer_norm", "grid": ["cdiv(M, ROWS*ITER)"],
     "block": ["TPR", "ROWS"], "args": ["x", "w", "b", "y", "M", "N"]}] }

A row is read once and kept in registers: TPR threads have ITEMS elements of it
each, in vectors of 16 bytes, from which the mean is taken and then the sum of
squared distances; below 64 threads a row a wave has several rows, and above,
waves exchange their sums through LDS.  A block has ROWS rows at a time and ITER
such groups, one after the other; KEEP 1 loads w and b once for all of them, at
the price of registers.  PAST 1 loads x and stores y past the caches, which w
and b stay in.

Rows that don't fit are walked three times by their threads, in vectors, and
those that don't start at a multiple of 16 bytes element by element. */

#define TPR	KE_TPR
#define ROWS	KE_ROWS
#define LANES	(TPR < 64 ? TPR : 64)	/* of a wave, for one row */
#define WAVES	(TPR / LANES)
#define WIDTH	(16 / (int)sizeof(ke_t))	/* of a vector */
#define VECS	(KE_ITEMS / WIDTH)

/* As the vectors of the compiler, and not __half, stay in registers. */
#ifdef KE_T_f16
typedef _Float16 elem;
#else
typedef float elem;
#endif

template <int W>
using vec = elem __attribute__((ext_vector_type(W)));

typedef float sums[ROWS][WAVES];

/* Of the threads of a row, which are all in step; part has room for its waves
 * and isn't used again before the next but one call. */
static __device__ __forceinline__ float
row_sum(float v, float *part)
{
#pragma unroll
	for (int o = LANES / 2; o > 0; o /= 2)
		v += __shfl_xor(v, o);
	if (WAVES == 1)
		return v;
	if (threadIdx.x % 64 == 0)
		part[threadIdx.x / 64] = v;
	__syncthreads();
	v = part[threadIdx.x % WAVES];
#pragma unroll
	for (int o = WAVES / 2; o > 0; o /= 2)
		v += __shfl_xor(v, o);
	return v;
}

template <int W>
static __device__ __forceinline__ vec<W>
normal(const float *d, float r, vec<W> w, vec<W> b)
{
	vec<W> y;

#pragma unroll
	for (int e = 0; e < W; e++)
		y[e] = (elem)(d[e] * r * (float)w[e] + (float)b[e]);
	return y;
}

/* n elements, in vectors of W; n is 0 where there is no such row. */
template <int W>
static __device__ void
row_walk(const ke_t *x, const ke_t *w, const ke_t *b, ke_t *y, int n, int N,
    sums *part)
{
	const vec<W> *xv = (const vec<W> *)x;
	float mean = 0, var = 0, r, d[W];

	n /= W;
	for (int j = threadIdx.x; j < n; j += TPR)
		for (int e = 0; e < W; e++)
			mean += (float)xv[j][e];
	mean = row_sum(mean, part[0][threadIdx.y]) / N;
	for (int j = threadIdx.x; j < n; j += TPR)
		for (int e = 0; e < W; e++)
			var += ((float)xv[j][e] - mean) *
			    ((float)xv[j][e] - mean);
	var = row_sum(var, part[1][threadIdx.y]) / N;
	r = 1 / sqrtf(var + 1e-5f);
	for (int j = threadIdx.x; j < n; j += TPR) {
		for (int e = 0; e < W; e++)
			d[e] = (float)xv[j][e] - mean;
		((vec<W> *)y)[j] = normal<W>(d, r, ((const vec<W> *)w)[j],
		    ((const vec<W> *)b)[j]);
	}
}

/* The thread's vectors of n, 0 where there are none. */
static __device__ __forceinline__ void
load(vec<WIDTH> (&u)[VECS], const ke_t *from, int n, bool past)
{
	const vec<WIDTH> *v = (const vec<WIDTH> *)from + threadIdx.x;

#pragma unroll
	for (int k = 0; k < VECS; k++) {
		u[k] = 0;
		if (threadIdx.x + k * TPR < n)
			u[k] = past ? __builtin_nontemporal_load(v + k * TPR) :
			    v[k * TPR];
	}
}

static __device__ __forceinline__ void
row_registers(vec<WIDTH> (&u)[VECS], const vec<WIDTH> (&w)[VECS],
    const vec<WIDTH> (&b)[VECS], ke_t *y, int n, int N, sums *part)
{
	vec<WIDTH> *to = (vec<WIDTH> *)y + threadIdx.x;
	float v[VECS][WIDTH], mean = 0, var = 0, r;

#pragma unroll
	for (int k = 0; k < VECS; k++)
#pragma unroll
		for (int e = 0; e < WIDTH; e++)
			mean += v[k][e] = (float)u[k][e];
	mean = row_sum(mean, part[0][threadIdx.y]) / N;
#pragma unroll
	for (int k = 0; k < VECS; k++)
		if (threadIdx.x + k * TPR < n)
#pragma unroll
			for (int e = 0; e < WIDTH; e++) {
				v[k][e] -= mean;
				var += v[k][e] * v[k][e];
			}
	var = row_sum(var, part[1][threadIdx.y]) / N;
	r = 1 / sqrtf(var + 1e-5f);
#pragma unroll
	for (int k = 0; k < VECS; k++) {
		u[k] = normal<WIDTH>(v[k], r, w[k], b[k]);
		if (threadIdx.x + k * TPR >= n)
			continue;
		if (KE_PAST)
			__builtin_nontemporal_store(u[k], to + k * TPR);
		else
			to[k * TPR] = u[k];
	}
}

extern "C" __global__ void __launch_bounds__(TPR * ROWS)
layer_norm(const ke_t *__restrict__ x, const ke_t *__restrict__ w,
    const ke_t *__restrict__ b, ke_t *__restrict__ y, int M, int N)
{
	__shared__ sums part[2];
	bool fits = N % WIDTH == 0 && N <= TPR * KE_ITEMS;
	int i = blockIdx.x * KE_ITER * ROWS + threadIdx.y;
	vec<WIDTH> u[VECS], wv[VECS], bv[VECS];

	if (KE_KEEP && fits) {
		load(wv, w, N / WIDTH, false);
		load(bv, b, N / WIDTH, false);
	}
	/* Threads without a row stay, for those of the block that have one. */
#pragma unroll 1
	for (int t = 0; t < KE_ITER; t++, i += ROWS) {
		int n = i < M ? N : 0;
		const ke_t *from = x + (size_t)i * N;
		ke_t *to = y + (size_t)i * N;

		if (fits) {
			load(u, from, n / WIDTH, KE_PAST);
			if (!KE_KEEP) {
				load(wv, w, n / WIDTH, false);
				load(bv, b, n / WIDTH, false);
			}
			row_registers(u, wv, bv, to, n / WIDTH, N, part);
		} else if (N % WIDTH == 0) {
			row_walk<WIDTH>(from, w, b, to, n, N, part);
		} else {
			row_walk<1>(from, w, b, to, n, N, part);
		}
	}
}
