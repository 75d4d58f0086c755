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
    {"when": "N > 256", "TPR": 64, "ROWS": 2, "ITEMS": 16, "ITER": 1,
      "KEEP": 0, "PAST": 1},
    {"TPR": 16, "ROWS": 8, "ITEMS": 16, "ITER": 2, "KEEP": 1, "PAST": 1}],
  "require": ["TPR*ROWS <= 1024", "TPR*ROWS >= 32",
    "TPR*ROWS*ITEMS*(1 + 2*KEEP) <= 32768"],
  "launches": [
    {"kernel": "layer_norm", "grid": ["cdiv(M, ROWS*ITER)"],
     "block": ["TPR", "ROWS"], "args": ["x", "w", "b", "y", "M", "N"]}] }

A row is read once and kept in registers: TPR threads have ITEMS elements of it
each, in vectors of 16 bytes, from which the mean is taken and then the sum of
squared distances.  A block has ROWS rows at a time and ITER such groups, one
after the other; KEEP 1 loads w and b once for all of them, at the price of
registers.  PAST 1 keeps x and y from staying in the caches.

Rows that don't fit, or don't start at a multiple of 16 bytes, are walked three
times, element by element. */

#define TPR	KE_TPR
#define ROWS	KE_ROWS
#define ITEMS	KE_ITEMS
#define WIDTH	(16 / (int)sizeof(ke_t))	/* of a vector */
#define VECS	(ITEMS / WIDTH)

struct alignas(16) vec {
	ke_t e[WIDTH];
};

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

/* Of the threads of a row, which are all in step; part has room for its warps
 * and isn't used again before the next but one call. */
static __device__ __forceinline__ float
row_sum(float v, float *part)
{
	int lane = threadIdx.x % 32;

#pragma unroll
	for (int o = (TPR < 32 ? TPR : 32) / 2; o > 0; o /= 2)
		v += __shfl_xor_sync(~0u, v, o);
	if (TPR <= 32)
		return v;
	if (lane == 0)
		part[threadIdx.x / 32] = v;
	__syncthreads();
	v = lane < TPR / 32 ? part[lane] : 0;
#pragma unroll
	for (int o = 16; o > 0; o /= 2)
		v += __shfl_xor_sync(~0u, v, o);
	return v;
}

/* Element by element; n is 0 where there is no such row. */
static __device__ void
row_plain(const ke_t *x, const ke_t *w, const ke_t *b, ke_t *y, int n, int N,
    float (*part)[ROWS][(TPR + 31) / 32])
{
	float mean = 0, var = 0, r;

	for (int j = threadIdx.x; j < n; j += TPR)
		mean += (float)x[j];
	mean = row_sum(mean, part[0][threadIdx.y]) / N;
	for (int j = threadIdx.x; j < n; j += TPR)
		var += ((float)x[j] - mean) * ((float)x[j] - mean);
	var = row_sum(var, part[1][threadIdx.y]) / N;
	r = 1 / sqrtf(var + 1e-5f);
	for (int j = threadIdx.x; j < n; j += TPR)
		y[j] = (ke_t)(((float)x[j] - mean) * r * (float)w[j] +
		    (float)b[j]);
}

/* The thread's vectors of a row of n. */
static __device__ __forceinline__ void
row_load(vec *u, const ke_t *x, int n)
{
#pragma unroll
	for (int k = 0; k < VECS; k++)
		if (threadIdx.x + k * TPR < n)
			u[k] = ((const vec *)x)[threadIdx.x + k * TPR];
}

static __device__ __forceinline__ void
row_registers(const ke_t *x, const ke_t *w, const ke_t *b, ke_t *y, int n,
    int N, const vec *wk, const vec *bk,
    float (*part)[ROWS][(TPR + 31) / 32])
{
	float v[VECS][WIDTH], mean = 0, var = 0, r;
	vec u[VECS], wv[VECS], bv[VECS];

#pragma unroll
	for (int k = 0; k < VECS; k++)
		if (threadIdx.x + k * TPR < n)
			u[k] = load((const vec *)x + threadIdx.x + k * TPR);
	if (!KE_KEEP) {
		row_load(wv, w, n);
		row_load(bv, b, n);
	}
#pragma unroll
	for (int k = 0; k < VECS; k++)
#pragma unroll
		for (int e = 0; e < WIDTH; e++) {
			v[k][e] = threadIdx.x + k * TPR < n ?
			    (float)u[k].e[e] : 0;
			mean += v[k][e];
		}
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
		vec we = KE_KEEP ? wk[k] : wv[k], be = KE_KEEP ? bk[k] : bv[k];

#pragma unroll
		for (int e = 0; e < WIDTH; e++)
			u[k].e[e] = (ke_t)(v[k][e] * r * (float)we.e[e] +
			    (float)be.e[e]);
		if (threadIdx.x + k * TPR < n)
			store((vec *)y + threadIdx.x + k * TPR, u[k]);
	}
}

extern "C" __global__ void __launch_bounds__(TPR * ROWS)
layer_norm(const ke_t *__restrict__ x, const ke_t *__restrict__ w,
    const ke_t *__restrict__ b, ke_t *__restrict__ y, int M, int N)
{
	__shared__ float part[2][ROWS][(TPR + 31) / 32];
	bool fits = N % WIDTH == 0 && N <= TPR * ITEMS;
	int i = blockIdx.x * KE_ITER * ROWS + threadIdx.y;
	vec wk[VECS], bk[VECS];

	if (KE_KEEP && fits) {
		row_load(wk, w, N / WIDTH);
		row_load(bk, b, N / WIDTH);
	}
	/* Threads without a row stay, for those of the block that have one. */
#pragma unroll 1
	for (int t = 0; t < KE_ITER; t++, i += ROWS) {
		int n = i < M ? N : 0;
		const ke_t *from = x + (size_t)i * N;
		ke_t *to = y + (size_t)i * N;

		if (fits)
			row_registers(from, w, b, to, n / WIDTH, N, wk, bk,
			    part);
		else
			row_plain(from, w, b, to, n, N, part);
	}
}
