/* ke-plan
{ "workspace": {
    "event": {"dtype": "i64", "shape": ["F*U"]},
    "event_out": {"dtype": "i64", "shape": ["F*U"]},
    "held": {"dtype": "i64", "shape": ["F*U"]},
    "all": {"dtype": "i64", "shape": ["F*U"]},
    "value": {"dtype": "i64", "shape": ["F*U"]},
    "value_out": {"dtype": "i64", "shape": ["F*U"]}},
  "launches": [
    {"kernel": "place_events", "grid": ["F"], "block": [256],
     "args": ["outer_lengths", "outer_out", "event", "event_out", "n_inner",
       "U", "N"]},
    {"kernel": "copy_events", "grid": ["cdiv(U, 4)", "F"], "block": [64, 4],
     "args": ["outer_lengths", "inner_lengths", "event", "event_out",
       "inner_out", "held", "all", "U", "E", "N", "K"]},
    {"kernel": "place_values", "grid": ["F"], "block": [256],
     "args": ["held", "all", "value", "value_out", "n_values", "U"]},
    {"kernel": "copy_values", "grid": ["cdiv(U, 4)", "F"], "block": [64, 4],
     "args": ["values", "held", "value", "value_out", "values_out", "U", "E",
       "K"]}] }
A block per feature finds where each user's events start, before and after; a
wave per user copies the lengths that are held and adds up how many values
these and all of its events have; then the same for values. */

/* The sum of v over the threads before this one; of all threads to *total. */
static __device__ int64_t
block_scan(int64_t v, int64_t *total)
{
	__shared__ int64_t sum[256];
	int t = threadIdx.x;
	int64_t before;

	sum[t] = v;
	__syncthreads();
	for (int o = 1; o < 256; o *= 2) {
		int64_t add = t >= o ? sum[t - o] : 0;

		__syncthreads();
		sum[t] += add;
		__syncthreads();
	}
	before = sum[t] - v;
	*total = sum[255];
	__syncthreads();
	return before;
}

extern "C" __global__ void __launch_bounds__(256)
place_events(const int64_t *__restrict__ outer,
    int64_t *__restrict__ outer_out, int64_t *__restrict__ event,
    int64_t *__restrict__ event_out, int64_t *__restrict__ n_inner, int U,
    int N)
{
	size_t f = (size_t)blockIdx.x * U;
	int64_t from = 0, to = 0, total;

	for (int first = 0; first < U; first += 256) {
		int u = first + threadIdx.x;
		int64_t n = u < U ? outer[f + u] : 0, keep = n < N ? n : N;
		int64_t before = from + block_scan(n, &total);

		from += total;
		if (u < U) {
			event[f + u] = before;
			outer_out[f + u] = keep;
		}
		before = to + block_scan(keep, &total);
		to += total;
		if (u < U)
			event_out[f + u] = before;
	}
	if (threadIdx.x == 0)
		n_inner[blockIdx.x] = to;
}

extern "C" __global__ void __launch_bounds__(256)
copy_events(const int64_t *__restrict__ outer,
    const int64_t *__restrict__ inner, int64_t *__restrict__ event,
    int64_t *__restrict__ event_out, int64_t *__restrict__ inner_out,
    int64_t *__restrict__ held, int64_t *__restrict__ all, int U, int E,
    int N, int K)
{
	int u = blockIdx.x * 4 + threadIdx.y;
	size_t f = blockIdx.y, at = f * U + u;
	int64_t mine = 0, any = 0;

	if (u >= U)
		return;
	inner += f * U * E + event[at];
	inner_out += f * U * K + event_out[at];
	for (int e = threadIdx.x; e < outer[at]; e += 64) {
		int64_t n = inner[e];

		any += n;
		if (e < N) {
			mine += n;
			inner_out[e] = n;
		}
	}
	for (int o = 32; o > 0; o /= 2) {
		mine += __shfl_xor(mine, o);
		any += __shfl_xor(any, o);
	}
	if (threadIdx.x == 0) {
		held[at] = mine;
		all[at] = any;
	}
}

extern "C" __global__ void __launch_bounds__(256)
place_values(int64_t *__restrict__ held, int64_t *__restrict__ all,
    int64_t *__restrict__ value, int64_t *__restrict__ value_out,
    int64_t *__restrict__ n_values, int U)
{
	size_t f = (size_t)blockIdx.x * U;
	int64_t from = 0, to = 0, total;

	for (int first = 0; first < U; first += 256) {
		int u = first + threadIdx.x;
		int64_t before = from +
		    block_scan(u < U ? all[f + u] : 0, &total);

		from += total;
		if (u < U)
			value[f + u] = before;
		before = to + block_scan(u < U ? held[f + u] : 0, &total);
		to += total;
		if (u < U)
			value_out[f + u] = before;
	}
	if (threadIdx.x == 0)
		n_values[blockIdx.x] = to;
}

extern "C" __global__ void __launch_bounds__(256)
copy_values(const int64_t *__restrict__ values, int64_t *__restrict__ held,
    int64_t *__restrict__ value, int64_t *__restrict__ value_out,
    int64_t *__restrict__ values_out, int U, int E, int K)
{
	int u = blockIdx.x * 4 + threadIdx.y;
	size_t f = blockIdx.y, at = f * U + u;

	if (u >= U)
		return;
	values += f * U * E * 3 + value[at];
	values_out += f * U * K * 3 + value_out[at];
	for (int64_t i = threadIdx.x; i < held[at]; i += 64)
		values_out[i] = values[i];
}
