/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "UN": [1, 2, 4, 8],
    "CHUNK": [256, 512, 1024, 2048, 8192],
    "ROWS": [1, 2, 4, 8, 16],
    "OUT": [0, 1],
    "REGISTER": [0, 1]},
  "choice": [
    {"when": "F >= 16", "VW": 8, "UN": 4, "CHUNK": 2048, "ROWS": 16,
      "REGISTER": 1},
    {"VW": 8, "UN": 4, "CHUNK": 2048, "ROWS": 1, "REGISTER": 1}],
  "launches": [
    {"kernel": "mbdt", "grid": ["cdiv(B, CHUNK)", "cdiv(F, ROWS)"],
     "shared": "4*max(pow2(K + 1), 2*VW)",
     "args": ["borders", "x", "y", "B", "F", "K"]}] }

A search without branches: a feature's borders are copied to scratch and filled
up with infinities to a power of two, so that UN vectors of VW values are
searched for in step, half of what is left at a time.  REGISTER 1 keeps tables
of up to two vectors in registers, where a step is a shuffle; other tables are
gathered from.  A block is up to CHUNK values of each of ROWS features.  OUT 1
writes past the caches where y is aligned. */

#include <math.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define VW	KE_VW
#define UN	KE_UN
#define STEP	(VW * UN)
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float uvec __attribute__((vector_size(VW * 4), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(VW * 4)));
typedef int32_t half __attribute__((vector_size(VW * 2)));
typedef int64_t wide __attribute__((vector_size(VW * 4)));
typedef int64_t uwide __attribute__((vector_size(VW * 4), aligned(8)));

static inline void
write_out(int64_t *y, wide v, int past)
{
	(void)past;
#if VW == 16 && defined __AVX512F__
	if (past)
		_mm512_stream_si512((void *)y, (__m512i)v);
	else
#elif VW == 8 && defined __AVX__
	if (past)
		_mm256_stream_si256((void *)y, (__m256i)v);
	else
#elif VW == 4 && defined __SSE2__
	if (past)
		_mm_stream_si128((void *)y, (__m128i)v);
	else
#endif
		*(uwide *)y = v;
}

static inline void
store(int64_t *y, ivec n, int64_t start, int past)
{
	union {
		ivec whole;
		half part[2];
	} c = {n};

	UNROLL(2)
	for (int h = 0; h < 2; h++)
		write_out(y + h * VW / 2,
		    __builtin_convertvector(c.part[h], wide) +
		    start, past);
}

/* table[at]; first and second: its first vectors, where it has no more. */
static inline __attribute__((always_inline)) vec
look_up(const float *table, vec first, vec second, ivec at, int vectors)
{
	vec v;

	(void)first, (void)second, (void)vectors;
#ifndef __clang__	/* which can't shuffle by a variable */
	if (vectors == 1)
		return __builtin_shuffle(first, at);
	if (vectors == 2)
		return __builtin_shuffle(first, second, at);
#endif
#if VW == 16 && defined __AVX512F__
	v = (vec)_mm512_i32gather_ps((__m512i)at, table, 4);
#elif VW == 8 && defined __AVX2__
	v = (vec)_mm256_i32gather_ps(table, (__m256i)at, 4);
#else
	for (int l = 0; l < VW; l++)
		v[l] = table[at[l]];
#endif
	return v;
}

/*
 * un vectors in a table of size entries, which are that many vectors or, where
 * vectors is 0, in memory; un and vectors are constants where this is called.
 */
static inline __attribute__((always_inline)) void
search(const float *restrict table, int size, const float *restrict x,
    int64_t *restrict y, int64_t start, int un, int vectors, int past)
{
	vec first = *(const vec *)table, second = *(const vec *)(table + VW);
	vec v[UN];
	ivec n[UN];

	UNROLL(8)
	for (int u = 0; u < un; u++) {
		v[u] = *(const uvec *)(x + u * VW);
		n[u] = (ivec){};
	}
	for (int half = size / 2; half > 0; half /= 2)
		UNROLL(8)
		for (int u = 0; u < un; u++)
			n[u] += (look_up(table, first, second,
			    n[u] + (half - 1), vectors) < v[u]) & half;
	UNROLL(8)
	for (int u = 0; u < un; u++)
		store(y + u * VW, n[u], start, past);
}

static inline __attribute__((always_inline)) void
feature(const float *restrict table, int size, const float *restrict x,
    int64_t *restrict y, int n, int64_t start, int vectors)
{
	int past = KE_OUT && (uintptr_t)y % sizeof(wide) == 0;
	int i = 0;

	for (; i + STEP <= n; i += STEP)
		search(table, size, x + i, y + i, start, UN, vectors, past);
	for (; i + VW <= n; i += VW)
		search(table, size, x + i, y + i, start, 1, vectors, past);
	for (; i < n; i++) {
		int at = 0;

		for (int half = size / 2; half > 0; half /= 2)
			at += table[at + half - 1] < x[i] ? half : 0;
		y[i] = start + at;
	}
}

/* The table's size, a power of two; a vector's worth is there at least. */
static int
fill(float *table, const float *borders, int K)
{
	int size = 1, room;

	while (size < K + 1)
		size *= 2;
	room = size > 2 * VW ? size : 2 * VW;
	for (int k = 0; k < room; k++)
		table[k] = k < K ? borders[k] : INFINITY;
	return size;
}

void
mbdt(const struct ke_block *b, const float *restrict borders,
    const float *restrict x, int64_t *restrict y, int B, int F, int K)
{
	int i = b->x * KE_CHUNK, n = B - i < KE_CHUNK ? B - i : KE_CHUNK;
	int f = b->y * KE_ROWS, end = F - f < KE_ROWS ? F : f + KE_ROWS;
	float *table = b->shared;

	for (; f < end; f++) {
		int64_t start = (int64_t)f * (K + 1);
		size_t at = (size_t)f * B + i;
		int size = fill(table, borders + start, K);

		if (KE_REGISTER && size <= VW)
			feature(table, size, x + at, y + at, n, start, 1);
		else if (KE_REGISTER && size <= 2 * VW)
			feature(table, size, x + at, y + at, n, start, 2);
		else
			feature(table, size, x + at, y + at, n, start, 0);
	}
#ifdef __SSE2__
	if (KE_OUT)
		_mm_sfence();
#endif
}
