/* ke-plan
{ "tune": {
    "THREADS": [64, 128, 256, 512, 1024],
    "UN": [1, 2, 4],
    "WINDOW": [4, 6, 8],
    "GUESSES": [0, 1, 2, 3],
    "PAST": [0, 1]},
  "choice": [
    {"when": "B >= 1048576", "THREADS": 256, "UN": 2, "WINDOW": 6,
      "GUESSES": 2, "PAST": 1},
    {"THREADS": 64, "UN": 1, "WINDOW": 6, "GUESSES": 2, "PAST": 0}],
  "require": ["THREADS*UN*WINDOW <= 16384"],
  "launches": [
    {"kernel": "map_id", "grid": ["cdiv(B, 2*THREADS*UN)"],
     "block": ["THREADS"], "args": ["M", "v", "out", "U", "B"]}] }

Search by interpolation: where ids are spread evenly, an id's distance from the
table's first tells its place to within an entry, and all threads of a wave are
done after one look at WINDOW entries around that.  Where it isn't among them,
they say on which side it is, and what is left on that side is interpolated
again, GUESSES times in all, then halved: any table is searched in as many steps
as it has bits in its length and GUESSES.

Places are computed in f64, whose rate here is that of f32: an f32 has too few
bits for a table of 2^20.  A thread has UN pairs of ids, which are loaded and
stored 16 bytes at a time.  PAST 1 loads ids and stores results past the caches,
where the table should be. */

#define THREADS	KE_THREADS
#define UN	KE_UN
#define WINDOW	KE_WINDOW

typedef int64_t two __attribute__((ext_vector_type(2)));

struct range {
	int lo, hi;
};

/* Where v should be in M[lo..hi), from first to last, if that were even. */
static __device__ __forceinline__ int
guess(int64_t first, int64_t last, int64_t v, range r)
{
	double from = (double)((uint64_t)v - (uint64_t)first);
	double span = (double)((uint64_t)last - (uint64_t)first);
	double n = r.hi - r.lo - 1;

	return r.lo + (int)fmin(n, from * (n / span));
}

/* The WINDOW entries around the guess go to w; their start, which is even for
 * loads of 16 bytes, is returned.  U >= WINDOW. */
static __device__ __forceinline__ int
look(const int64_t *__restrict__ M, int U, int guessed, int64_t *w)
{
	int at = max(0, min(guessed - (WINDOW / 2 - 1), U - WINDOW)) & ~1;

#pragma unroll
	for (int k = 0; k < WINDOW; k += 2) {
		two q = *(const two *)(M + at + k);

		w[k] = q[0];
		w[k + 1] = q[1];
	}
	return at;
}

/* The place of v + 1, or 0 with what is left of the range r. */
static __device__ __forceinline__ int
judge(const int64_t *w, int at, int64_t v, range *r)
{
	int less = 0, place = 0;

#pragma unroll
	for (int k = 0; k < WINDOW; k++) {
		less += w[k] < v;
		if (w[k] == v)
			place = at + k + 1;
	}
	if (less < WINDOW)
		r->hi = min(r->hi, at + less);
	if (less > 0)
		r->lo = max(r->lo, at + less);
	return place;
}

/* In what is left after the first look; rare where ids are even. */
static __device__ __forceinline__ int
search(const int64_t *__restrict__ M, int U, int64_t v, range r)
{
#pragma unroll 1
	for (int t = 1; t < KE_GUESSES && r.hi - r.lo > WINDOW; t++) {
		int64_t first = M[r.lo], last = M[r.hi - 1], w[WINDOW];
		int at, place;

		if (v < first || v > last)
			return 0;
		at = look(M, U, guess(first, last, v, r), w);
		place = judge(w, at, v, &r);
		if (place > 0)
			return place;
	}
#pragma unroll 1
	while (r.lo < r.hi) {
		int mid = r.lo + (r.hi - r.lo) / 2;
		int64_t m = M[mid];

		if (m == v)
			return mid + 1;
		if (m < v)
			r.lo = mid + 1;
		else
			r.hi = mid;
	}
	return 0;
}

/* v[i] becomes its place + 1 or 0, for n ids at once. */
template <int n>
static __device__ __forceinline__ void
places(const int64_t *__restrict__ M, int U, int64_t *v)
{
	int64_t w[n][WINDOW], first = M[0], last = M[U - 1];
	int at[n];
	bool wide = KE_GUESSES > 0 && U > WINDOW;

	if (wide)
#pragma unroll
		for (int i = 0; i < n; i++)
			at[i] = look(M, U, guess(first, last, v[i], {0, U}),
			    w[i]);
#pragma unroll
	for (int i = 0; i < n; i++) {
		range r = {0, v[i] < first || v[i] > last ? 0 : U};
		int place = wide ? judge(w[i], at[i], v[i], &r) : 0;

		if (place == 0 && r.lo < r.hi)
			place = search(M, U, v[i], r);
		v[i] = place;
	}
}

extern "C" __global__ void __launch_bounds__(THREADS)
map_id(const int64_t *__restrict__ M, const int64_t *__restrict__ v,
    int64_t *__restrict__ out, int U, int B)
{
	const two *from = (const two *)v;
	two *to = (two *)out;
	int64_t at = (int64_t)blockIdx.x * (UN * THREADS) + threadIdx.x;
	int64_t q[2 * UN];
	int pairs = B / 2;

#pragma unroll
	for (int u = 0; u < UN; u++) {
		two p = {0, 0};

		if (at + u * THREADS < pairs)
			p = KE_PAST ?
			    __builtin_nontemporal_load(from + at +
				u * THREADS) :
			    from[at + u * THREADS];
		q[2 * u] = p[0];
		q[2 * u + 1] = p[1];
	}
	if (at < pairs)
		places<2 * UN>(M, U, q);
#pragma unroll
	for (int u = 0; u < UN; u++) {
		two p = {q[2 * u], q[2 * u + 1]};

		if (at + u * THREADS >= pairs)
			continue;
		if (KE_PAST)
			__builtin_nontemporal_store(p, to + at + u * THREADS);
		else
			to[at + u * THREADS] = p;
	}
	if (B % 2 != 0 && at == 0) {
		int64_t last = v[B - 1];

		places<1>(M, U, &last);
		out[B - 1] = last;
	}
}
