/* ke-plan
{ "tune": {
    "PARTS": [1, 2, 3, 4, 6, 8, 16],
    "COUNT": [0, 1],
    "VW": [2, 4, 8],
    "UN": [1, 2, 4],
    "COPY": [0, 1, 2],
    "FUSE": [0, 1],
    "AHEAD": [0, 256, 1024]},
  "choice": {"PARTS": 4, "COUNT": 0, "VW": 4, "UN": 1, "COPY": 1, "FUSE": 1,
    "AHEAD": 256},
  "require": ["!(COUNT && FUSE)", "COPY > 0 || AHEAD == 0"],
  "workspace": {
    "user_kept": {"dtype": "i64", "shape": ["F*U"]},
    "user_cut": {"dtype": "i64", "shape": ["F*U"]}},
  "launches": [
    {"kernel": "count", "grid": ["COUNT ? PARTS : 1", "COUNT ? F : 1"],
     "args": ["outer_lengths", "inner_lengths", "user_kept", "user_cut",
       "U", "E", "N"]},
    {"kernel": "truncate_events", "grid": ["PARTS", "F"],
     "args": ["outer_lengths", "inner_lengths", "values",
       "user_kept", "user_cut", "outer_out", "inner_out", "values_out",
       "n_inner", "n_values", "U", "E", "N", "K"]}] }

A block is one of PARTS spans of users of a feature; it copies a run of events
and a run of values for each of its users.  Where the runs of its first user
start follows from what all users before have: COUNT 1 finds that in a launch
of its own, which leaves for each user how many values are kept and cut; with
COUNT 0 each block sums it again.

COPY says how: 0 memcpy, 1 in vectors of VW integers, UN of them in flight, 2
also past the caches where the destination can be aligned.  FUSE sums a run of
inner lengths while it is copied.  AHEAD is how many bytes ahead of a run's
values it prefetches. */

#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define VW	KE_VW
#define UN	KE_UN
#define STEP	(VW * UN)
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

typedef int64_t vec __attribute__((vector_size(VW * 8)));
typedef int64_t uvec __attribute__((vector_size(VW * 8), aligned(8)));

static inline void
put(int64_t *d, vec v)
{
#if KE_COPY == 2 && VW == 8 && defined __AVX512F__
	_mm512_stream_si512((void *)d, (__m512i)v);
#elif KE_COPY == 2 && VW == 4 && defined __AVX__
	_mm256_stream_si256((void *)d, (__m256i)v);
#elif KE_COPY == 2 && VW == 2 && defined __SSE2__
	_mm_stream_si128((void *)d, (__m128i)v);
#else
	*(uvec *)d = v;
#endif
}

/*
 * The sum of n integers, which are copied where d isn't NULL.  Of values more
 * is fetched ahead.
 */
static inline __attribute__((always_inline)) int64_t
walk(int64_t *restrict d, const int64_t *restrict s, int64_t n, int values)
{
	vec t[UN] = {};
	int64_t i = 0, total = 0;

	if (d && KE_COPY == 2)
		for (; i < n && (uintptr_t)(d + i) % sizeof(vec) != 0; i++)
			total += d[i] = s[i];
	for (; i + STEP <= n; i += STEP)
		UNROLL(4)
		for (int u = 0; u < UN; u++) {
			const int64_t *p = s + i + u * VW;
			vec v = *(const uvec *)p;

			if (values && KE_AHEAD > 0)
				__builtin_prefetch((const char *)p + KE_AHEAD);
			if (d)
				put(d + i + u * VW, v);
			t[u] += v;
		}
	for (; UN > 1 && i + VW <= n; i += VW) {
		vec v = *(const uvec *)(s + i);

		if (d)
			put(d + i, v);
		t[0] += v;
	}
	for (; i < n; i++) {
		if (d)
			d[i] = s[i];
		total += s[i];
	}
	for (int u = 0; u < UN; u++)
		for (int k = 0; k < VW; k++)
			total += t[u][k];
	return total;
}

static inline int64_t
sum(const int64_t *s, int64_t n)
{
	return walk(NULL, s, n, 0);
}

static inline void
copy(int64_t *restrict d, const int64_t *restrict s, int64_t n, int values)
{
	if (KE_COPY == 0)
		memcpy(d, s, n * sizeof *d);
	else
		walk(d, s, n, values);
}

static int
part_start(int part, int U)
{
	return (int64_t)U * part / KE_PARTS;
}

void
count(const struct ke_block *b, const int64_t *restrict outer,
    const int64_t *restrict inner, int64_t *restrict user_kept,
    int64_t *restrict user_cut, int U, int E, int N)
{
	size_t f = b->y;
	int u = part_start(b->x, U), end = part_start(b->x + 1, U);

	if (!KE_COUNT)
		return;
	outer += f * U;
	inner += f * U * E + sum(outer, u);
	for (; u < end; u++) {
		int64_t keep = outer[u] < N ? outer[u] : N;

		user_kept[f * U + u] = sum(inner, keep);
		user_cut[f * U + u] = sum(inner + keep, outer[u] - keep);
		inner += outer[u];
	}
}

void
truncate_events(const struct ke_block *b, const int64_t *restrict outer,
    const int64_t *restrict inner, const int64_t *restrict values,
    int64_t *restrict user_kept, int64_t *restrict user_cut,
    int64_t *restrict outer_out, int64_t *restrict inner_out,
    int64_t *restrict values_out, int64_t *restrict n_inner,
    int64_t *restrict n_values, int U, int E, int N, int K)
{
	size_t f = b->y, ni = 0, nv = 0;
	int first = part_start(b->x, U), end = part_start(b->x + 1, U), u = 0;

	outer += f * U;
	inner += f * U * E;
	values += f * U * E * 3;
	inner_out += f * U * K;
	values_out += f * U * K * 3;
	user_kept += f * U;
	user_cut += f * U;
	if (KE_COUNT) {
		for (; u < first; u++)
			ni += outer[u] < N ? outer[u] : N;
		nv = sum(user_kept, first);
		inner += sum(outer, first);
		values += nv + sum(user_cut, first);
	}
	for (; u < end; u++) {
		int64_t keep = outer[u] < N ? outer[u] : N;
		int64_t all, mine;	/* of the user's values */

		if (KE_COUNT)
			mine = user_kept[u];
		else if (KE_FUSE && u >= first)
			mine = walk(inner_out + ni, inner, keep, 0);
		else
			mine = sum(inner, keep);
		all = mine + (KE_COUNT ? user_cut[u] :
		    sum(inner + keep, outer[u] - keep));
		if (u >= first) {
			outer_out[f * U + u] = keep;
			if (!KE_FUSE)
				copy(inner_out + ni, inner, keep, 0);
			copy(values_out + nv, values, mine, 1);
		}
		ni += keep;
		nv += mine;
		inner += outer[u];
		values += all;
	}
	if (end == U) {
		n_inner[f] = ni;
		n_values[f] = nv;
	}
#ifdef __SSE2__
	if (KE_COPY == 2)
		_mm_sfence();
#endif
}
