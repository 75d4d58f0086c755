/* ke-plan
{ "tune": {
    "THREADS": [32, 64, 128, 256, 512, 1024],
    "VW": [1, 2, 4],
    "UN": [1, 2, 4, 8],
    "UK": [1, 2, 4, 8, 16],
    "FIND": [0, 1, 2],
    "PAST": [0, 1]},
  "choice": [
    {"when": "B*F >= 1048576", "THREADS": 256, "VW": 2, "UN": 4, "UK": 4,
      "FIND": 1, "PAST": 1},
    {"when": "K > 64", "THREADS": 128, "VW": 2, "UN": 1, "UK": 4, "FIND": 2,
      "PAST": 0},
    {"THREADS": 128, "VW": 2, "UN": 1, "UK": 8, "FIND": 0, "PAST": 0}],
  "launches": [
    {"kernel": "mbdt", "grid": ["cdiv(B, THREADS*VW*UN)", "F"],
     "block": ["THREADS"], "shared": "FIND == 0 ? 0 : 4*pow2(K + 1)",
     "args": ["borders", "x", "y", "B", "K"]}] }

A block is THREADS*VW*UN values of a feature: a thread has UN vectors of VW, so
that each border is read once for all of them and results are stored up to 16
bytes at a time.  FIND says how a value's bin is found: 0 counts the borders
below it, which come from memory, the same for all threads; 1 counts too, from
shared memory; 2 halves the table in shared memory, filled up with infinities to
a power of two, without a branch.  UK unrolls the loop over borders.  PAST 1
keeps values and bins from staying in the caches.  Rows that don't start at a
multiple of a vector are read and written one by one. */

#define THREADS	KE_THREADS
#define VW	KE_VW
#define UN	KE_UN

struct alignas(4 * VW) values {
	float e[VW];
};

struct alignas(VW == 1 ? 8 : 16) bins {
	int64_t e[VW];
};

#if VW == 1
typedef float raw;
#elif VW == 2
typedef float2 raw;
#else
typedef float4 raw;
#endif

static __device__ __forceinline__ values
load(const float *p)
{
	union {
		raw r;
		values v;
	} u = {KE_PAST ? __ldcs((const raw *)p) : *(const raw *)p};

	return u.v;
}

static __device__ __forceinline__ void
store(int64_t *p, bins b)
{
#if VW == 1
	*p = b.e[0];
#else
	union {
		bins b;
		longlong2 q[VW / 2];
	} u = {b};

#pragma unroll
	for (int k = 0; k < VW / 2; k++)
		if (KE_PAST)
			__stcs((longlong2 *)p + k, u.q[k]);
		else
			((longlong2 *)p)[k] = u.q[k];
#endif
}

/* The borders, and infinities up to size entries. */
static __device__ __forceinline__ void
fill(float *table, const float *borders, int K, int size)
{
	for (int k = threadIdx.x; k < size; k += THREADS)
		table[k] = k < K ? borders[k] : __int_as_float(0x7f800000);
	__syncthreads();
}

extern "C" __global__ void __launch_bounds__(THREADS)
mbdt(const float *__restrict__ borders, const float *__restrict__ x,
    int64_t *__restrict__ y, int B, int K)
{
	extern __shared__ float table[];
	int64_t start = (int64_t)blockIdx.y * (K + 1);
	int first = (blockIdx.x * (UN * THREADS) + threadIdx.x) * VW;
	int n[UN][VW], size = 1;
	bool whole = B % VW == 0;
	constexpr int uk = KE_UK;
	values v[UN];

	borders += start;
	x += (size_t)blockIdx.y * B;
	y += (size_t)blockIdx.y * B;
#pragma unroll
	for (int u = 0; u < UN; u++) {
		int i = first + u * THREADS * VW;

#pragma unroll
		for (int e = 0; e < VW; e++)
			n[u][e] = 0;
		if (whole && i < B)
			v[u] = load(x + i);
		else
#pragma unroll
			for (int e = 0; e < VW; e++)
				v[u].e[e] = i + e < B ? x[i + e] : 0;
	}
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
					    v[u].e[e] ? half : 0;
	} else {
#pragma unroll uk
		for (int k = 0; k < K; k++) {
			float b = KE_FIND ? table[k] : borders[k];

#pragma unroll
			for (int u = 0; u < UN; u++)
#pragma unroll
				for (int e = 0; e < VW; e++)
					n[u][e] += b < v[u].e[e];
		}
	}
#pragma unroll
	for (int u = 0; u < UN; u++) {
		int i = first + u * THREADS * VW;
		bins b;

#pragma unroll
		for (int e = 0; e < VW; e++)
			b.e[e] = start + n[u][e];
		if (whole && i < B)
			store(y + i, b);
		else if (!whole)
#pragma unroll
			for (int e = 0; e < VW; e++)
				if (i + e < B)
					y[i + e] = b.e[e];
	}
}
