/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "UN": [1, 2, 4, 8],
    "ROWS": [1, 2, 4, 8, 16],
    "PASSES": [0, 1, 2],
    "OUT": [0, 1, 2],
    "DEG": [5, 6]},
  "choice": {"VW": 8, "UN": 1, "ROWS": 1, "PASSES": 2, "OUT": 0, "DEG": 6},
  "require": ["PASSES == 0 || OUT != 1"],
  "launches": [
    {"kernel": "softmax", "grid": ["cdiv(M, ROWS)"],
     "shared": "OUT == 0 || PASSES > 0 ? 0 : 4*N",
     "args": ["x", "y", "M", "N"]}] }

A block is ROWS rows, one after the other, in vectors of VW floats, UN of them
in flight.  PASSES says how a row is walked:

	0	largest; exponentials, which are kept, and their sum; scale.
	1	largest; sum; exponentials again, scaled.
	2	largest and sum at once, the sum rescaled when the largest so
		far grows; exponentials again, scaled.

OUT says where exponentials are kept and how the row is written: 0 in y;
1 in scratch (PASSES 0), and y is written once; 2 like 1, past the caches where
the row is aligned and the processor can.

The exponential: x = r ln 2 + f with r whole, 2^r exp(f), exp(f) by the minimax
polynomial of degree DEG for |f| <= ln(2)/2, of relative error 1.3 (5) or 0.1
(6) roundings.  Arguments are at most 0; below -86 they count as -86, which is
less than the last bit of any row's sum and leaves r in the normal range. */

#include <float.h>
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

static inline vec
vmax(vec a, vec b)
{
#if VW == 16 && defined __AVX512F__
	return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif VW == 8 && defined __AVX__
	return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif VW == 4 && defined __SSE2__
	return (vec)_mm_max_ps((__m128)a, (__m128)b);
#else
	ivec m = a > b;

	return (vec)(((ivec)a & m) | ((ivec)b & ~m));
#endif
}

static inline vec
vexp(vec x)
{
	const float magic = 12582912;	/* 1.5 * 2^23: rounds to whole */
	vec r, f, p;
	ivec e;

	x = vmax((vec){} - 86, x);	/* in this order NaN stays NaN */
	r = x * 1.44269504f + magic;
	e = (ivec)r << 23;
	r -= magic;
	f = x - r * 0.693359375f;	/* of so few bits that this is exact */
	f = f + r * 2.12194440e-4f;
#if KE_DEG == 5
	p = f * 0.008297619f + 0.04191563f;
	p = p * f + 0.16667576f;
	p = p * f + 0.4999889f;
	p = p * f + 0.9999997f;
	p = p * f + 1.0000001f;
#else
	p = f * 0.0013836795f + 0.008374857f;
	p = p * f + 0.04166823f;
	p = p * f + 0.1666642f;
	p = p * f + 0.4999999f;
	p = p * f + 1;
	p = p * f + 1;
#endif
	return (vec)((ivec)p + e);
}

/* The last n < VW elements, the others so small that they don't count. */
static inline vec
load_tail(const float *x, int n)
{
	vec v = (vec){} - INFINITY;

	for (int i = 0; i < n; i++)
		v[i] = x[i];
	return v;
}

static inline void
store_tail(float *y, vec v, int n)
{
	for (int i = 0; i < n; i++)
		y[i] = v[i];
}

static inline void
write_out(float *y, vec v, int past)
{
	(void)past;
#if VW == 16 && defined __AVX512F__
	if (past)
		_mm512_stream_ps(y, (__m512)v);
	else
#elif VW == 8 && defined __AVX__
	if (past)
		_mm256_stream_ps(y, (__m256)v);
	else
#elif VW == 4 && defined __SSE2__
	if (past)
		_mm_stream_ps(y, (__m128)v);
	else
#endif
		*(uvec *)y = v;
}

static float
across_max(vec v)
{
	float m = v[0];

	for (int i = 1; i < VW; i++)
		m = v[i] > m ? v[i] : m;
	return m;
}

static float
across_sum(vec v)
{
	float s = 0;

	for (int i = 0; i < VW; i++)
		s += v[i];
	return s;
}

static float
row_max(const float *x, int n)
{
	vec m[UN];
	int j = 0;

	UNROLL(8)
	for (int u = 0; u < UN; u++)
		m[u] = (vec){} - INFINITY;
	for (; j + STEP <= n; j += STEP)
		UNROLL(8)
		for (int u = 0; u < UN; u++)
			m[u] = vmax(*(const uvec *)(x + j + u * VW), m[u]);
	for (; j + VW <= n; j += VW)
		m[0] = vmax(*(const uvec *)(x + j), m[0]);
	if (j < n)
		m[0] = vmax(load_tail(x + j, n - j), m[0]);
	for (int u = 1; u < UN; u++)
		m[0] = vmax(m[0], m[u]);
	return across_max(m[0]);
}

/* The sum of exp(x - m); the terms go to e where that isn't NULL. */
static inline __attribute__((always_inline)) float
row_sum(const float *x, float *e, int n, float m)
{
	vec s[UN] = {};
	int j = 0;

	for (; j + STEP <= n; j += STEP)
		UNROLL(8)
		for (int u = 0; u < UN; u++) {
			vec v = vexp(*(const uvec *)(x + j + u * VW) - m);

			if (e)
				*(uvec *)(e + j + u * VW) = v;
			s[u] += v;
		}
	for (; j + VW <= n; j += VW) {
		vec v = vexp(*(const uvec *)(x + j) - m);

		if (e)
			*(uvec *)(e + j) = v;
		s[0] += v;
	}
	if (j < n) {
		vec v = vexp(load_tail(x + j, n - j) - m);

		if (e)
			store_tail(e + j, v, n - j);
		s[0] += v;
	}
	for (int u = 1; u < UN; u++)
		s[0] += s[u];
	return across_sum(s[0]);
}

/* Each lane has its own largest so far and its own sum until the end. */
static float
row_online(const float *x, int n, float *max)
{
	vec m = (vec){} - FLT_MAX, s = {}, t, v;
	int j = 0;

	for (; j + STEP <= n; j += STEP) {
		t = m;
		UNROLL(8)
		for (int u = 0; u < UN; u++)
			t = vmax(*(const uvec *)(x + j + u * VW), t);
		s *= vexp(m - t);
		m = t;
		UNROLL(8)
		for (int u = 0; u < UN; u++)
			s += vexp(*(const uvec *)(x + j + u * VW) - m);
	}
	for (; j < n; j += VW) {
		v = n - j < VW ? load_tail(x + j, n - j) :
		    *(const uvec *)(x + j);
		t = vmax(v, m);
		s = s * vexp(m - t) + vexp(v - t);
		m = t;
	}
	*max = across_max(m);
	return across_sum(s * vexp(m - *max));
}

static void
row_scale(const float *e, float *y, int n, float c, int past)
{
	int j = 0;

	for (; j + VW <= n; j += VW)
		write_out(y + j, *(const uvec *)(e + j) * c, past);
	for (; j < n; j++)
		y[j] = e[j] * c;
}

static void
row_exp(const float *x, float *y, int n, float m, float c, int past)
{
	int j = 0;

	for (; j + STEP <= n; j += STEP)
		UNROLL(8)
		for (int u = 0; u < UN; u++)
			write_out(y + j + u * VW,
			    vexp(*(const uvec *)(x + j + u * VW) - m) * c,
			    past);
	for (; j + VW <= n; j += VW)
		write_out(y + j, vexp(*(const uvec *)(x + j) - m) * c, past);
	if (j < n)
		store_tail(y + j, vexp(load_tail(x + j, n - j) - m) * c,
		    n - j);
}

static void
row(const float *x, float *y, float *scratch, int n)
{
	int past = KE_OUT == 2 && (uintptr_t)y % sizeof(vec) == 0;
	float *e = KE_OUT == 0 ? y : scratch;
	float m, s;

	if (KE_PASSES == 2)
		s = row_online(x, n, &m);
	else
		s = row_sum(x, KE_PASSES ? NULL : e, n, m = row_max(x, n));
	if (KE_PASSES == 0)
		row_scale(e, y, n, 1 / s, past);
	else
		row_exp(x, y, n, m, 1 / s, past);
}

void
softmax(const struct ke_block *b, const float *x, float *y, int M, int N)
{
	int i = b->x * KE_ROWS, end = i + KE_ROWS < M ? i + KE_ROWS : M;

	for (; i < end; i++)
		row(x + (size_t)i * N, y + (size_t)i * N, b->shared, N);
#ifdef __SSE2__
	if (KE_OUT == 2)
		_mm_sfence();
#endif
}
