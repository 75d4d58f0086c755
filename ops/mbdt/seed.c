/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "UN": [1, 2, 4, 8],
    "UK": [1, 2, 4, 8],
    "CHUNK": [256, 512, 1024, 2048, 8192],
    "ROWS": [1, 2, 4, 8, 16],
    "OUT": [0, 1],
    "ADD": [0, 1]},
  "choice": [
    {"when": "F >= 16", "VW": 8, "UN": 4, "CHUNK": 2048, "ROWS": 16},
    {"VW": 8, "UN": 4, "CHUNK": 2048, "ROWS": 1}],
  "launches": [
    {"kernel": "mbdt", "grid": ["cdiv(B, CHUNK)", "cdiv(F, ROWS)"],
     "args": ["borders", "x", "y", "B", "F", "K"]}] }

Compare and count: UN vectors of VW values are held against each border, which
takes neither branches nor look-ups and wins for the few borders that features
have; for many, see the other seed.  A block is up to CHUNK values of each of
ROWS features.  UK unrolls the loop over borders.  Counts are 32 bits wide
until they are stored: ADD 0 adds the feature's first bin to them before they
are widened, 1 after.  OUT 1 writes past the caches where y is aligned. */

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
		    (KE_ADD ? start : 0), past);
}

/* un vectors, a constant where this is called. */
static inline __attribute__((always_inline)) void
count(const float *restrict borders, const float *restrict x,
    int64_t *restrict y, int K, int64_t start, int un, int past)
{
	ivec n[UN];
	vec v[UN];

	UNROLL(8)
	for (int u = 0; u < un; u++) {
		v[u] = *(const uvec *)(x + u * VW);
		n[u] = (ivec){} + (KE_ADD ? 0 : (int32_t)start);
	}
	UNROLL(KE_UK)
	for (int k = 0; k < K; k++)
		UNROLL(8)
		for (int u = 0; u < un; u++)
			n[u] -= borders[k] < v[u];
	UNROLL(8)
	for (int u = 0; u < un; u++)
		store(y + u * VW, n[u], start, past);
}

static void
feature(const float *restrict borders, const float *restrict x,
    int64_t *restrict y, int n, int K, int64_t start)
{
	int past = KE_OUT && (uintptr_t)y % sizeof(wide) == 0;
	int i = 0;

	for (; i + STEP <= n; i += STEP)
		count(borders, x + i, y + i, K, start, UN, past);
	for (; i + VW <= n; i += VW)
		count(borders, x + i, y + i, K, start, 1, past);
	for (; i < n; i++) {
		y[i] = start;
		for (int k = 0; k < K; k++)
			y[i] += borders[k] < x[i];
	}
}

void
mbdt(const struct ke_block *b, const float *restrict borders,
    const float *restrict x, int64_t *restrict y, int B, int F, int K)
{
	int i = b->x * KE_CHUNK, n = B - i < KE_CHUNK ? B - i : KE_CHUNK;
	int f = b->y * KE_ROWS, end = F - f < KE_ROWS ? F : f + KE_ROWS;

	for (; f < end; f++) {
		int64_t start = (int64_t)f * (K + 1);
		size_t at = (size_t)f * B + i;

		feature(borders + start, x + at, y + at, n, K, start);
	}
#ifdef __SSE2__
	if (KE_OUT)
		_mm_sfence();
#endif
}
