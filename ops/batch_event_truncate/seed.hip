/* ke-plan
{ "tune": {
    "USERS": [4, 8, 16, 32, 64],
    "WAVES": [2, 4, 8, 16],
    "UE": [1, 2, 3, 4],
    "UV": [1, 2, 3, 4, 5, 8],
    "PAST": [0, 1]},
  "choice": [
    {"when": "F*U > 16384", "USERS": 32, "WAVES": 8, "UE": 4, "UV": 5,
      "PAST": 1},
    {"USERS": 8, "WAVES": 8, "UE": 4, "UV": 5, "PAST": 0}],
  "require": ["WAVES <= USERS"],
  "workspace": {
    "user": {"dtype": "i64", "shape": ["F*U", "2"]},
    "span": {"dtype": "i64", "shape": ["F*cdiv(U, USERS)", "2"]}},
  "launches": [
    {"kernel": "events", "grid": ["cdiv(U, USERS)", "F"],
     "block": ["64*WAVES"],
     "args": ["outer_lengths", "inner_lengths", "outer_out", "inner_out",
       "n_inner", "user", "span", "U", "E", "N", "K"]},
    {"kernel": "copy_values", "grid": ["cdiv(U, USERS)", "F"],
     "block": ["64*WAVES"],
     "args": ["values", "user", "span", "values_out", "n_values", "U", "E",
       "K"]}] }

A block is a span of USERS users of a feature, and its WAVES waves take these
in turns.  The first launch adds up the outer lengths before its span, which
says where its events start, before and after; copies the inner lengths that are
kept; and leaves how many values each user, and the span, keeps and has.  The
second adds those up in turn and copies values.  So every input is read once,
but for lengths before a span.

UE and UV: how many inner lengths and values a lane has in flight.  PAST 1 loads
and stores what is copied past the caches. */

#define USERS	KE_USERS
#define WAVES	KE_WAVES

/* Of events or values: how many are kept, and how many there are. */
struct alignas(16) counts {
	int64_t kept, all;
};

static __device__ __forceinline__ counts
plus(counts a, counts b)
{
	return {a.kept + b.kept, a.all + b.all};
}

/* Of so many lanes that lie side by side. */
static __device__ __forceinline__ counts
lanes_sum(counts c, int lanes)
{
#pragma unroll
	for (int o = lanes / 2; o > 0; o /= 2)
		c = plus(c, {__shfl_xor(c.kept, o), __shfl_xor(c.all, o)});
	return c;
}

/* Of the lanes before this one. */
static __device__ __forceinline__ counts
wave_before(counts c)
{
	int lane = threadIdx.x % 64;
	counts s = c;

#pragma unroll
	for (int o = 1; o < USERS; o *= 2) {
		counts up = {__shfl_up(s.kept, o), __shfl_up(s.all, o)};

		if (lane >= o)
			s = plus(s, up);
	}
	return {s.kept - c.kept, s.all - c.all};
}

static __device__ __forceinline__ counts
of_lane(counts c, int lane)
{
	return {__shfl(c.kept, lane), __shfl(c.all, lane)};
}

/* Of all threads of the block. */
static __device__ __forceinline__ counts
block_sum(counts c)
{
	__shared__ counts part[WAVES];

	c = lanes_sum(c, 64);
	__syncthreads();
	if (threadIdx.x % 64 == 0)
		part[threadIdx.x / 64] = c;
	__syncthreads();
	return lanes_sum(part[threadIdx.x % WAVES], WAVES);
}

static __device__ __forceinline__ int64_t
get(const int64_t *p)
{
	return KE_PAST ? __builtin_nontemporal_load(p) : *p;
}

static __device__ __forceinline__ void
put(int64_t *p, int64_t v)
{
	if (KE_PAST)
		__builtin_nontemporal_store(v, p);
	else
		*p = v;
}

/* n inner lengths, of which keep are copied; by a wave.  The sums. */
static __device__ __forceinline__ counts
user_events(const int64_t *__restrict__ from, int64_t *__restrict__ to,
    int64_t keep, int64_t n)
{
	counts c = {0, 0};

	for (int64_t i = threadIdx.x % 64; i < n; i += 64 * KE_UE) {
		int64_t v[KE_UE];

#pragma unroll
		for (int k = 0; k < KE_UE; k++)
			v[k] = i + 64 * k < n ? get(from + i + 64 * k) : 0;
#pragma unroll
		for (int k = 0; k < KE_UE; k++) {
			c.all += v[k];
			if (i + 64 * k >= keep)
				continue;
			c.kept += v[k];
			put(to + i + 64 * k, v[k]);
		}
	}
	return lanes_sum(c, 64);
}

static __device__ __forceinline__ void
user_values(const int64_t *__restrict__ from, int64_t *__restrict__ to,
    int64_t n)
{
	for (int64_t i = threadIdx.x % 64; i < n; i += 64 * KE_UV) {
		int64_t v[KE_UV];

#pragma unroll
		for (int k = 0; k < KE_UV; k++)
			if (i + 64 * k < n)
				v[k] = get(from + i + 64 * k);
#pragma unroll
		for (int k = 0; k < KE_UV; k++)
			if (i + 64 * k < n)
				put(to + i + 64 * k, v[k]);
	}
}

extern "C" __global__ void __launch_bounds__(64 * WAVES)
events(const int64_t *__restrict__ outer, const int64_t *__restrict__ inner,
    int64_t *__restrict__ outer_out, int64_t *__restrict__ inner_out,
    int64_t *__restrict__ n_inner, int64_t *__restrict__ user,
    int64_t *__restrict__ span, int U, int E, int N, int K)
{
	int first = blockIdx.x * USERS, n = min(USERS, U - first);
	int lane = threadIdx.x % 64, wave = threadIdx.x / 64;
	size_t f = blockIdx.y;
	counts start = {0, 0}, own = {0, 0}, values = {0, 0}, at;

	outer += f * U;
	for (int u = threadIdx.x; u < first; u += 64 * WAVES)
		start = plus(start, {min(outer[u], (int64_t)N), outer[u]});
	if (lane < n) {
		own.all = outer[first + lane];
		own.kept = min(own.all, (int64_t)N);
	}
	start = block_sum(start);
	at = plus(start, wave_before(own));
	if (wave == 0 && lane < n) {
		outer_out[f * U + first + lane] = own.kept;
		if (first + lane == U - 1)
			n_inner[f] = at.kept + own.kept;
	}
	inner += f * U * E;
	inner_out += f * U * K;
	for (int k = wave; k < n; k += WAVES) {
		counts to = of_lane(at, k), c = of_lane(own, k);

		c = user_events(inner + to.all, inner_out + to.kept, c.kept,
		    c.all);
		if (lane == 0) {
			((counts *)user)[f * U + first + k] = c;
			values = plus(values, c);
		}
	}
	values = block_sum(values);
	if (threadIdx.x == 0)
		((counts *)span)[f * gridDim.x + blockIdx.x] = values;
}

extern "C" __global__ void __launch_bounds__(64 * WAVES)
copy_values(const int64_t *__restrict__ values, int64_t *__restrict__ user,
    int64_t *__restrict__ span, int64_t *__restrict__ values_out,
    int64_t *__restrict__ n_values, int U, int E, int K)
{
	int first = blockIdx.x * USERS, n = min(USERS, U - first);
	int lane = threadIdx.x % 64, wave = threadIdx.x / 64;
	size_t f = blockIdx.y;
	counts start = {0, 0}, own = {0, 0}, at;

	for (int s = lane; s < blockIdx.x; s += 64)
		start = plus(start,
		    ((const counts *)span)[f * gridDim.x + s]);
	if (lane < n)
		own = ((const counts *)user)[f * U + first + lane];
	at = plus(lanes_sum(start, 64), wave_before(own));
	if (wave == 0 && lane < n && first + lane == U - 1)
		n_values[f] = at.kept + own.kept;
	values += f * U * E * 3;
	values_out += f * U * K * 3;
	for (int k = wave; k < n; k += WAVES) {
		counts to = of_lane(at, k);

		user_values(values + to.all, values_out + to.kept,
		    __shfl(own.kept, k));
	}
}
