/* ke-plan
{ "tune": {
    "THREADS": [64, 128, 256, 512, 1024],
    "ELEMS": [4, 8, 16, 32],
    "ITER": [1, 2, 4, 8, 16],
    "BYTES": [4, 8, 16],
    "PAST": [0, 1, 2],
    "DIV": [0, 1]},
  "choice": {"THREADS": 256, "ELEMS": 16, "ITER": 1, "BYTES": 16, "PAST": 2,
    "DIV": 0},
  "require": ["2*ELEMS >= BYTES", "THREADS*ELEMS <= 2048*BYTES"],
  "launches": [
    {"kernel": "gelu", "grid": ["cdiv(N, THREADS*ELEMS*ITER)"],
     "block": ["THREADS"], "args": ["x", "y", "N"]}] }

0.5 (1 + tanh u) is 1 / (1 + exp(-2u)), so that x / (1 + exp t) with t = -2u is
the whole operator: one exponential, one reciprocal.  Nothing cancels: where x
is far below 0 the quotient is small and still right.

A thread has ELEMS elements in flight, in vectors of BYTES bytes, ITER times; a
block's vectors lie side by side.  Their first is the same for all of a block
and stays in scalar registers, a lane adds 32 bits to it; and only the last
block asks what is in the tensor.  PAST 1 stores past the caches, 2 also loads
past them.  DIV 1 divides exactly, at some ten instructions. */

#define THREADS	KE_THREADS
#define WIDTH	(KE_BYTES / (int)sizeof(ke_t))	/* of a vector */
#define UN	(KE_ELEMS / WIDTH)

/* As the vectors of the compiler, and not __half, stay in registers. */
#ifdef KE_T_f16
typedef _Float16 elem;
#else
typedef float elem;
#endif
typedef elem vec __attribute__((ext_vector_type(WIDTH)));

static __device__ __forceinline__ float
gelu_of(float x)
{
	float p = 1 + __expf(x * (x * x * -0.0713548163f - 1.5957691216f));

	return KE_DIV ? x / p : x * __builtin_amdgcn_rcpf(p);
}

/* What the block's threads do at once, of n vectors. */
template <bool whole>
static __device__ __forceinline__ void
step(const vec *__restrict__ from, vec *__restrict__ to, int n)
{
	vec v[UN];

#pragma unroll
	for (int u = 0; u < UN; u++) {
		const vec *at = from + u * THREADS;

		if (whole || u * THREADS + threadIdx.x < n)
			v[u] = KE_PAST == 2 ?
			    __builtin_nontemporal_load(at + threadIdx.x) :
			    at[threadIdx.x];
	}
#pragma unroll
	for (int u = 0; u < UN; u++) {
		vec *at = to + u * THREADS;

#pragma unroll
		for (int e = 0; e < WIDTH; e++)
			v[u][e] = (elem)gelu_of((float)v[u][e]);
		if (!whole && u * THREADS + threadIdx.x >= n)
			continue;
		if (KE_PAST)
			__builtin_nontemporal_store(v[u], at + threadIdx.x);
		else
			at[threadIdx.x] = v[u];
	}
}

extern "C" __global__ void __launch_bounds__(THREADS)
gelu(const ke_t *__restrict__ x, ke_t *__restrict__ y, int N)
{
	int n = N / WIDTH;	/* vectors */
	int64_t first = (int64_t)blockIdx.x * (KE_ITER * UN * THREADS);

#pragma unroll 1
	for (int t = 0; t < KE_ITER; t++, first += UN * THREADS) {
		const vec *from = (const vec *)x + first;
		vec *to = (vec *)y + first;

		if (first + UN * THREADS <= n)
			step<true>(from, to, 0);
		else if (first < n)
			step<false>(from, to, (int)(n - first));
	}
	/* what is less than a vector */
	if (blockIdx.x == 0 && threadIdx.x < N - n * WIDTH)
		y[n * WIDTH + threadIdx.x] =
		    (ke_t)gelu_of((float)x[n * WIDTH + threadIdx.x]);
}
