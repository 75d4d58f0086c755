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
  "require": ["2*ELEMS >= BYTES"],
  "launches": [
    {"kernel": "gelu", "grid": ["cdiv(N, THREADS*ELEMS*ITER)"],
     "block": ["THREADS"], "args": ["x", "y", "N"]}] }

0.5 (1 + tanh u) is 1 / (1 + exp(-2u)), so that x / (1 + 2^t) with
t = -2 u log2(e) is the whole operator: one exponential, one division.  Nothing
cancels: where x is far below 0 the quotient is small and still right.

A thread has ELEMS elements in flight, in vectors of BYTES bytes, ITER times; a
block's vectors lie side by side.  PAST 1 keeps what is stored from staying in
the caches, 2 also what is loaded.  DIV 1 divides exactly. */

#define THREADS	KE_THREADS
#define WIDTH	(KE_BYTES / (int)sizeof(ke_t))	/* of a vector */
#define UN	(KE_ELEMS / WIDTH)

#if KE_BYTES == 16
typedef uint4 raw;
#elif KE_BYTES == 8
typedef uint2 raw;
#else
typedef unsigned raw;
#endif

union vec {
	raw r;
	ke_t e[WIDTH];
};

static __device__ __forceinline__ float
gelu_of(float x)
{
	float t = x * (x * x * -0.10294324f - 2.3022082f), p;

	asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(p) : "f"(t));
	return KE_DIV ? x / (1 + p) : __fdividef(x, 1 + p);
}

extern "C" __global__ void __launch_bounds__(THREADS)
gelu(const ke_t *__restrict__ x, ke_t *__restrict__ y, int N)
{
	const raw *from = (const raw *)x;
	raw *to = (raw *)y;
	int n = N / WIDTH;	/* vectors */
	int64_t first = (int64_t)blockIdx.x * (KE_ITER * UN * THREADS) +
	    threadIdx.x;

	for (int t = 0; t < KE_ITER; t++, first += UN * THREADS) {
		vec v[UN];

#pragma unroll
		for (int u = 0; u < UN; u++)
			if (first + u * THREADS < n)
				v[u].r = KE_PAST == 2 ?
				    __ldcs(from + first + u * THREADS) :
				    from[first + u * THREADS];
#pragma unroll
		for (int u = 0; u < UN; u++) {
#pragma unroll
			for (int e = 0; e < WIDTH; e++)
				v[u].e[e] = (ke_t)gelu_of((float)v[u].e[e]);
			if (first + u * THREADS >= n)
				continue;
			if (KE_PAST)
				__stcs(to + first + u * THREADS, v[u].r);
			else
				to[first + u * THREADS] = v[u].r;
		}
	}
	/* what is less than a vector */
	if (blockIdx.x == 0 && threadIdx.x < N - n * WIDTH)
		y[n * WIDTH + threadIdx.x] =
		    (ke_t)gelu_of((float)x[n * WIDTH + threadIdx.x]);
}
