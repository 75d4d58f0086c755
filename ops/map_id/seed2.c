/* ke-plan
{ "tune": {
    "SLACK": [1, 2, 4, 8, 16],
    "W": [1, 2, 3, 4, 6, 8],
    "UN": [1, 2, 4, 8],
    "CHUNK": [128, 512, 2048, 8192],
    "FILL": [512, 4096, 1048576],
    "RUN": [0, 4, 8, 16, 32]},
  "choice": {"SLACK": 1, "W": 1, "UN": 1, "CHUNK": 512, "FILL": 512,
    "RUN": 0},
  "workspace": {"start": {"dtype": "i32", "shape": ["pow2(U)*SLACK + 2"]}},
  "launches": [
    {"kernel": "fill", "grid": ["cdiv(U, FILL)"],
     "args": ["M", "start", "U"]},
    {"kernel": "map_id", "grid": ["cdiv(B, CHUNK)"],
     "args": ["M", "v", "start", "out", "U", "B"]}] }

The range of the table is cut into pow2(U)*SLACK buckets of equal width, a power
of two, and start says with which entry each begins: a first launch writes it,
each block the buckets that its entries begin.  An entry begins a number of
buckets that nothing foretells, hence RUN: so many are written at once, and the
next entry overwrites what was too many.  A look-up compares the W entries
from its bucket's start on without a branch; a bucket with more entries is
searched by halves.  Evenly spread ids leave few of those; any others are found
too, only later. */

#define BUCKETS(U)	((int64_t)pow2(U) * KE_SLACK)
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

static int64_t
pow2(int n)
{
	return n < 2 ? 1 : (int64_t)1 << (32 - __builtin_clz(n - 1));
}

/* By how much distances from M[0] are shifted to give a bucket. */
static int
bucket_shift(const int64_t *M, int U)
{
	uint64_t span = (uint64_t)M[U - 1] - (uint64_t)M[0];
	int shift = 0;

	while (span >> shift >= (uint64_t)BUCKETS(U))
		shift++;
	return shift;
}

static inline int64_t
bucket(const int64_t *M, int i, int shift)
{
	return ((uint64_t)M[i] - (uint64_t)M[0]) >> shift;
}

void
fill(const struct ke_block *blk, const int64_t *restrict M,
    int32_t *restrict start, int U)
{
	int shift = bucket_shift(M, U);
	int i = blk->x * KE_FILL, end = i + KE_FILL < U ? i + KE_FILL : U;
	int64_t t = i > 0 ? bucket(M, i - 1, shift) + 1 : 0;
	int64_t last = bucket(M, end - 1, shift);	/* of this block's */

	for (; i < end; i++) {
		int64_t k = bucket(M, i, shift);

		if (KE_RUN > 0 && t + KE_RUN <= last + 1 && t + KE_RUN > k) {
			for (int j = 0; j < KE_RUN; j++)
				start[t + j] = i;
			t = k + 1;
		}
		while (t <= k)
			start[t++] = i;
	}
	if (end == U)
		while (t < BUCKETS(U) + 2)
			start[t++] = U;
}

static int64_t __attribute__((noinline))
search(const int64_t *M, int64_t v, int lo, int hi)
{
	int end = hi;

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;

		if (M[mid] < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < end && M[lo] == v ? lo + 1 : 0;
}

void
map_id(const struct ke_block *blk, const int64_t *restrict M,
    const int64_t *restrict v, int32_t *restrict start,
    int64_t *restrict out, int U, int B)
{
	int b = blk->x * KE_CHUNK;
	int end = b + KE_CHUNK < B ? b + KE_CHUNK : B;
	int shift = bucket_shift(M, U);
	uint64_t buckets = BUCKETS(U), first = M[0];

	UNROLL(KE_UN)
	for (; b < end; b++) {
		uint64_t t = ((uint64_t)v[b] - first) >> shift;
		int64_t found = 0;
		int lo;

		/* The bucket past the last is empty, as is what is outside. */
		t = t < buckets ? t : buckets;
		lo = start[t];
		if (start[t + 1] - lo > KE_W) {
			out[b] = search(M, v[b], lo, start[t + 1]);
			continue;
		}
		UNROLL(8)
		for (int w = 0; w < KE_W; w++) {
			int i = lo + w < U ? lo + w : U - 1;

			found |= -(int64_t)(M[i] == v[b]) & (i + 1);
		}
		out[b] = found;
	}
}
