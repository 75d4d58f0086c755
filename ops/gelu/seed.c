/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "UN": [1, 2, 4],
    "CHUNK": [4096, 16384, 65536, 262144],
    "OUT": [0, 1],
    "AHEAD": [0, 256, 1024, 4096],
    "DEG": [5, 6],
    "RCP": [0, 1]},
  "choice": {"VW": 8, "UN": 1, "CHUNK": 16384, "OUT": 0, "AHEAD": 0,
    "DEG": 6, "RCP": 0},
  "launches": [
    {"kernel": "gelu", "grid": ["cdiv(N, CHUNK)"], "args": ["x", "y", "N"]}] }

0.5 (1 + tanh u) is 1 / (1 + exp(-2u)), so that x / (1 + 2^t) with
t = -2 u log2(e) is the whole operator: one exponential, one division.  Nothing
cancels: where x is far below 0 the quotient is small and still right.

A block is CHUNK elements, in vectors of VW floats, UN of them in flight.
OUT 1 writes y past the caches, which spares reading it first.  AHEAD is how
many elements ahead of its use x is asked for.  RCP divides by the processor's
approximate reciprocal and one step of Newton.

2^t = 2^r 2^f with r whole, 2^f by the minimax polynomial of degree DEG for
|f| <= 1/2, of relative error 1.3 (5) or 0.04 (6) roundings.  t is held within
what keeps r and the reciprocal in the normal range; beyond, the result is x,
or so near 0 that it doesn't matter beside x. */

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define VW	KE_VW
#define UN	KE_UN
#define STEP	(VW * UN)
#define RANGE	120
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float uvec __attribute__((vector_size(VW * 4), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(VW * 4)));

/* Into [-RANGE, RANGE]; the order of the arguments keeps NaN NaN. */
static inline vec
clamp(vec t)
{
	vec lo = (vec){} - RANGE, hi = (vec){} + RANGE;

#if VW == 16 && defined __AVX512F__
	return (vec)_mm512_max_ps((__m512)lo,
	    _mm512_min_ps((__m512)hi, (__m512)t));
#elif VW == 8 && defined __AVX__
	return (vec)_mm256_max_ps((__m256)lo,
	    _mm256_min_ps((__m256)hi, (__m256)t));
#elif VW == 4 && defined __SSE2__
	return (vec)_mm_max_ps((__m128)lo, _mm_min_ps((__m128)hi, (__m128)t));
#else
	ivec low = t < lo, high = t > hi;

	t = (vec)(((ivec)lo & low) | ((ivec)t & ~low));
	return (vec)(((ivec)hi & high) | ((ivec)t & ~high));
#endif
}

#if KE_RCP && VW == 16 && defined __AVX512F__
#define RECIPROCAL(d)	_mm512_rcp14_ps((__m512)(d))
#elif KE_RCP && VW == 8 && defined __AVX__
#define RECIPROCAL(d)	_mm256_rcp_ps((__m256)(d))
#elif KE_RCP && VW == 4 && defined __SSE2__
#define RECIPROCAL(d)	_mm_rcp_ps((__m128)(d))
#endif

static inline vec
quotient(vec x, vec d)
{
#ifdef RECIPROCAL
	vec r = (vec)RECIPROCAL(d);

	return x * (r + r * (1 - d * r));
#else
	return x / d;
#endif
}

static inline vec
exp2_poly(vec f)
{
	vec p;

#if KE_DEG == 5
	p = f * 0.0013276472f + 0.0096755413f;
	p = p * f + 0.055507133f;
	p = p * f + 0.2402212f;
	p = p * f + 0.69314697f;
	return p * f + 1.0000001f;
#else
	p = f * 0.00015594678f + 0.0013406644f;
	p = p * f + 0.009617692f;
	p = p * f + 0.055503106f;
	p = p * f + 0.24022653f;
	p = p * f + 0.69314722f;
	return p * f + 1;
#endif
}

static inline vec
vgelu(vec x)
{
	const float magic = 12582912;	/* 1.5 * 2^23: rounds to whole */
	vec t = clamp(x * (x * x * -0.10294324f - 2.3022082f));
	vec r = t + magic;
	ivec e = (ivec)r << 23;

	return quotient(x, 1 + (vec)((ivec)exp2_poly(t - (r - magic)) + e));
}

static inline void
write_out(float *y, vec v)
{
#if KE_OUT && VW == 16 && defined __AVX512F__
	_mm512_stream_ps(y, (__m512)v);
#elif KE_OUT && VW == 8 && defined __AVX__
	_mm256_stream_ps(y, (__m256)v);
#elif KE_OUT && VW == 4 && defined __SSE2__
	_mm_stream_ps(y, (__m128)v);
#else
	*(vec *)y = v;
#endif
}

static void
tail(const float *x, float *y, int n)
{
	vec v = {};

	for (int i = 0; i < n; i++)
		v[i] = x[i];
	v = vgelu(v);
	for (int i = 0; i < n; i++)
		y[i] = v[i];
}

void
gelu(const struct ke_block *b, const float *restrict x, float *restrict y,
    int N)
{
	int i = b->x * KE_CHUNK, end = N - i < KE_CHUNK ? N : i + KE_CHUNK;

	for (; i + STEP <= end; i += STEP) {
		UNROLL(4)
		for (int u = 0; u < UN; u++) {
			if (KE_AHEAD)
				__builtin_prefetch(x + i + u * VW + KE_AHEAD);
			write_out(y + i + u * VW,
			    vgelu(*(const vec *)(x + i + u * VW)));
		}
	}
	for (; i + VW <= end; i += VW)
		write_out(y + i, vgelu(*(const vec *)(x + i)));
	if (i < end)
		tail(x + i, y + i, end - i);
#ifdef __SSE2__
	if (KE_OUT)
		_mm_sfence();
#endif
}
