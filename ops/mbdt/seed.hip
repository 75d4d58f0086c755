/* ke-plan
{ "tune": {
    "THREADS": [64, 128, 256, 512, 1024],
    "VW": [1, 2, 4],
    "UN": [1, 2, 4, 8],
    "UK": [1, 2, 4, 8, 16],
    "FIND": [0, 1, 2],
    "PAST": [0, 1]},
  "choice": [
    {"when": "B*F >= 1048576", "THREADS": 256, "VW": 2, "UN": 4, "UK": 4,
      "FIND": 0, "PAST": 1},
    {"when": "K > 64", "THREADS": 128, "VW": 2, "UN": 1, "UK": 4, "FIND": 2,
      "PAST": 0},
    {"THREADS": 64, "VW": 2, "UN": 1, "UK": 8, "FIND": 0, "PAST": 0}],
  "launches": [
    {"kernel": "mbdt", "grid": ["cdiv(B, THREADS*VW*UN)", "F"],
     "block": ["THREADS"], "shared": "FIND == 0 ? 0 : 4*pow2(K + 1)",
     "args": ["borders", "x", "y", "B", "K"]}] }

A block is THREADS*VW*UN values of a feature: a thread has UN vectors of VW, so
that each border is read once for all of them and results are stored up to 16
bytes at a time.  FIND says how a value's bin is found: 0 counts the borders
below it, which the whole wave reads from one address, so that they come by the
scalar cache; 1 counts too, from LDS; 2 halves the table in LDS, filled up with
infinities to a power of two, without a branch.  UK unrolls the loop over
borders.  PAST 1 keeps values and bins from staying in the caches.  Rows that
don't start at a multiple of a vector are read and written one by one. */

#define THREADS	KE_THREADS
#define VW	KE_VW
#define UN	KE_UN

typedef float values __attribute__((ext_vector_type(VW)));
typedef int64_t pair __attribute__((ext_vector_type(VW == 1 ? 1 : 2)));
#define PAIR	(VW == 1 ? 1 : 2)

/* The borders, and infinities up to size entries. */
static __device__ __forceinline__ void
fill(float *table, const float *borders, int K, int size)
{
	for (int k = threadIdx.x; k < size; k += THREADS)
		table[k] = k < K ? borders[k] : __int_as_float(0x7f800000);
	__syncthreads();
}

static __device__ __forceinline__ void
load(float (&v)[VW], const float *x)
{
	const values *p = (const values *)x;
	values w = KE_PAST ? __builtin_nontemporal_load(p) : *p;

	__builtin_memcpy(v, &w, sizeof v);
}

static __device__ __forceinline__ void
store(int64_t *y, int64_t start, const int (&n)[VW])
{
#pragma unroll
	for (int e = 0; e < VW; e += PAIR) {
		int64_t b[PAIR];
		pair v;

#pragma unroll
		for (int i = 0; i < PAIR; i++)
			b[i] = start + n[e + i];
		__builtin_memcpy(&v, b, sizeof v);
		if (KE_PAST)
			__builtin_nontemporal_store(v, (pair *)(y + e));
		else
			*(pair *)(y + e) = v;
	}
}

/* How many borders are below each value. */
static __device__ __forceinline__ void
find(int (&n)[UN][VW], const float (&v)[UN][VW], float *table,
    const float *borders, int K)
{
	constexpr int uk = KE_UK;
	int size = 1;

	while (KE_FIND == 2 && size < K + 1)
		size *= 2;
	if (KE_FIND > 0)
		fill(table, borders, K, KE_FIND == 2 ? size : K);
	if (KE_FIND == 2) {
		for (int half = size / 2; half > 0; half /= 2)
#pragma unroll
			for (int u = 0; u < UN; u++)
#pragma unroll
				for (int e = 0; e < VW; e++)
					n[u][e] += table[n[u][e] + half - 1] <
					    v[u][e] ? half : 0;
	} else {
#pragma unroll uk
		for (int k = 0; k < K; k++) {
			float b = KE_FIND ? table[k] : borders[k];

#pragma unroll
			for (int u = 0; u < UN; u++)
#pragma unroll
				for (int e = 0; e < VW; e++)
					n[u][e] += b < v[u][e];
		}
	}
}

extern "C" __global__ void __launch_bounds__(THREADS)
mbdt(const float *__restrict__ borders, const float *__restrict__ x,
    int64_t *__restrict__ y, int B, int K)
{
	extern __shared__ float table[];
	int64_t start = (int64_t)blockIdx.y * (K + 1);
	int first = (blockIdx.x * (UN * THREADS) + threadIdx.x) * VW;
	int n[UN][VW] = {};
	float v[UN][VW];
	bool whole = B % VW == 0;

	x += (size_t)blockIdx.y * B;
	y += (size_t)blockIdx.y * B;
#pragma unroll
	for (int u = 0; u < UN; u++) {
		int i = first + u * THREADS * VW;

		if (whole && i < B)
			load(v[u], x + i);
		else
#pragma unroll
			for (int e = 0; e < VW; e++)
				v[u][e] = i + e < B ? x[i + e] : 0;
	}
	find(n, v, table, borders + start, K);
#pragma unroll
	for (int u = 0; u < UN; u++) {
		int i = first + u * THREADS * VW;

		if (whole && i < B)
			store(y + i, start, n[u]);
		else if (!whole)
#pragma unroll
			for (int e = 0; e < VW; e++)
				if (i + e < B)
					y[i + e] = start + n[u][e];
	}
}
