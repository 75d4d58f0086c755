/* ke-plan
{ "tune": {
    "LANES": [1, 2, 3, 4, 6, 8, 12, 16, 24, 32],
    "WAYS": [2, 3, 4, 6, 8],
    "CHUNK": [128, 512, 2048, 8192],
    "SELECT": [0, 1, 2]},
  "choice": {"LANES": 2, "WAYS": 2, "CHUNK": 512, "SELECT": 0},
  "launches": [
    {"kernel": "map_id", "grid": ["cdiv(B, CHUNK)"],
     "args": ["M", "v", "out", "U", "B"]}] }

LANES searches at once, in step: each step looks at the same number of places
of the table for every lane and moves without a branch, so there is nothing to
mispredict and the loads of the lanes overlap.  WAYS is into how many parts a
step divides what is left.  SELECT says how a lane moves: 0 by a product, 1 by
a mask, 2 by a conditional, which the compiler may make a conditional move. */

#define LANES	KE_LANES
#define WAYS	KE_WAYS
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

/* p or, where the answer is further on, p + by. */
static inline const int64_t *
move(const int64_t *p, int further, ptrdiff_t by)
{
	switch (KE_SELECT) {
	case 0:
		return p + further * by;
	case 1:
		return p + (-(ptrdiff_t)further & by);
	default:
		return further ? p + by : p;
	}
}

/*
 * n lanes.  Lane i's answer is at at[i] or up to len places past it, with the
 * same len for all: a part smaller than the last is searched as if it were as
 * long, into the next, where nothing is smaller than v[i].
 */
static inline __attribute__((always_inline)) void
search(const int64_t *restrict M, const int64_t *restrict v,
    int64_t *restrict out, int U, int n)
{
	const int64_t *at[LANES];
	ptrdiff_t len = U;

	UNROLL(32)
	for (int i = 0; i < n; i++)
		at[i] = M;
	while (len >= WAYS) {
		ptrdiff_t q = len / WAYS;

		UNROLL(32)
		for (int i = 0; i < n; i++) {
			const int64_t *p = at[i] + q - 1;

			UNROLL(8)
			for (int w = 0; w < WAYS - 1; w++)
				at[i] = move(at[i], p[w * q] < v[i], q);
		}
		len -= (WAYS - 1) * q;
	}
	for (; len > 1; len -= len / 2)
		UNROLL(32)
		for (int i = 0; i < n; i++)
			at[i] = move(at[i], at[i][len / 2 - 1] < v[i],
			    len / 2);
	UNROLL(32)
	for (int i = 0; i < n; i++) {
		const int64_t *p = move(at[i], *at[i] < v[i] &&
		    at[i] < M + U - 1, 1);

		out[i] = -(int64_t)(*p == v[i]) & (p - M + 1);
	}
}

void
map_id(const struct ke_block *blk, const int64_t *restrict M,
    const int64_t *restrict v, int64_t *restrict out, int U, int B)
{
	int b = blk->x * KE_CHUNK;
	int end = b + KE_CHUNK < B ? b + KE_CHUNK : B;

	for (; b + LANES <= end; b += LANES)
		search(M, v + b, out + b, U, LANES);
	for (; b < end; b++)
		search(M, v + b, out + b, U, 1);
}
