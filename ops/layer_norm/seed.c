/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "UN": [1, 2, 4, 8],
    "ROWS": [1, 2, 4, 8, 16, 32],
    "OUT": [0, 1],
    "AHEAD": [0, 1, 2, 4]},
  "choice": {"VW": 8, "UN": 2, "ROWS": 1, "OUT": 0, "AHEAD": 0},
  "launches": [
    {"kernel": "layer_norm", "grid": ["cdiv(M, ROWS)"],
     "args": ["x", "w", "b", "y", "M", "N"]}] }

A block is ROWS rows, one after the other.  A row is walked three times, in
vectors of VW floats with UN sums in flight: its sum; the sums of its distances
from the mean and of their squares; the result.  After the first walk the row
is in the nearest cache, so that memory sees one read.  The distances would add
up to 0, had the mean not been rounded: what they add up to corrects both the
mean and the variance (Chan, Golub and LeVeque 1983).

OUT 1 writes a row that is aligned past the caches, which spares reading y
first.  AHEAD is how many rows ahead x is asked for, during the third walk. */

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

/* The last n < VW elements, and for the others what adds nothing. */
static inline vec
load_tail(const float *x, int n, float fill)
{
	vec v = (vec){} + fill;

	for (int i = 0; i < n; i++)
		v[i] = x[i];
	return v;
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

/* Halves are added, so that no lane's rounding counts more than another's. */
static float
across_sum(vec v)
{
	for (int n = VW / 2; n > 0; n /= 2)
		for (int i = 0; i < n; i++)
			v[i] += v[i + n];
	return v[0];
}

static float
row_mean(const float *x, int n)
{
	vec s[UN] = {};
	int j = 0;

	for (; j + STEP <= n; j += STEP)
		UNROLL(8)
		for (int u = 0; u < UN; u++)
			s[u] += *(const uvec *)(x + j + u * VW);
	for (; j + VW <= n; j += VW)
		s[0] += *(const uvec *)(x + j);
	if (j < n)
		s[0] += load_tail(x + j, n - j, 0);
	for (int u = 1; u < UN; u++)
		s[0] += s[u];
	return across_sum(s[0]) / n;
}

/* The mean's error goes to *error. */
static float
row_variance(const float *x, int n, float mean, float *error)
{
	vec s[UN] = {}, q[UN] = {}, d;
	int j = 0;

	for (; j + STEP <= n; j += STEP)
		UNROLL(8)
		for (int u = 0; u < UN; u++) {
			d = *(const uvec *)(x + j + u * VW) - mean;
			s[u] += d;
			q[u] += d * d;
		}
	for (; j < n; j += VW) {
		d = (n - j < VW ? load_tail(x + j, n - j, mean) :
		    *(const uvec *)(x + j)) - mean;
		s[0] += d;
		q[0] += d * d;
	}
	for (int u = 1; u < UN; u++) {
		s[0] += s[u];
		q[0] += q[u];
	}
	*error = across_sum(s[0]) / n;
	return across_sum(q[0]) / n - *error * *error;
}

static void
row_write(const float *x, const float *w, const float *b, float *y, int n,
    float mean, float r, float shift, int past, const float *next)
{
	int j = 0;

	UNROLL(KE_UN)
	for (; j + VW <= n; j += VW) {
		vec v = (*(const uvec *)(x + j) - mean) * r + shift;

		if (KE_AHEAD)
			__builtin_prefetch(next + j);
		write_out(y + j, v * *(const uvec *)(w + j) +
		    *(const uvec *)(b + j), past);
	}
	for (; j < n; j++)
		y[j] = ((x[j] - mean) * r + shift) * w[j] + b[j];
}

void
layer_norm(const struct ke_block *k, const float *restrict x,
    const float *restrict w, const float *restrict b, float *restrict y,
    int M, int N)
{
	int i = k->x * KE_ROWS, end = i + KE_ROWS < M ? i + KE_ROWS : M;

	for (; i < end; i++) {
		const float *xi = x + (size_t)i * N;
		float *yi = y + (size_t)i * N;
		float mean = row_mean(xi, N), error;
		float var = row_variance(xi, N, mean, &error);
		float r = 1 / sqrtf(var + 1e-5f);

		row_write(xi, w, b, yi, N, mean, r, -error * r,
		    KE_OUT && (uintptr_t)yi % sizeof(vec) == 0,
		    xi + (size_t)KE_AHEAD * N);
	}
#ifdef __SSE2__
	if (KE_OUT)
		_mm_sfence();
#endif
}
