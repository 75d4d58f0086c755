/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "MR": [4, 6, 8, 10, 12],
    "NV": [1, 2, 3, 4],
    "RB": [8, 12, 16, 24, 30, 40, 50, 64, 100, 128],
    "ORDER": [0, 1],
    "UK": [1, 2, 4]},
  "choice": {"VW": 8, "MR": 6, "NV": 2, "RB": 24, "ORDER": 0, "UK": 1},
  "require": ["MR*NV + NV <= 31", "MR*NV >= 4"],
  "launches": [
    {"kernel": "pffn", "grid": ["cdiv(N, RB)", "B"], "shared": "4*RB*(K + 1)",
     "args": ["X", "W1", "b1", "g1", "W2", "b2", "g2", "y", "N", "D",
       "K"]}] }

A block is RB rows of a sample, from X to y, with what is hidden in scratch.
Both products are outer products in registers, on the operands where they lie: a
tile of MR rows by NV vectors of VW columns is summed over all steps and stored
once.  ORDER 0 walks the rows of some columns first, 1 the columns of some rows.
UK unrolls the loop over the steps.

Between them one pass adds the bias, takes gelu, sums the squares and multiplies
by the gain; the row's norm is a factor that the second product's rows take
after it.  Then comes a pass for the squares and one for the result, both of
which make v from the product anew.

erf(x / sqrt 2) is x times a polynomial of degree 14 in x^2, a weighted minimax
for |x| <= 5.5 in powers of x^2 / 15.125 - 1, and held within 1, which it leaves
for good where |x| is larger.  gelu is within 1.6e-7 |x|. */

#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define VW	KE_VW
#define MR	KE_MR
#define NV	KE_NV
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float uvec __attribute__((vector_size(VW * 4), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(VW * 4)));

/* c = a b, rows by columns, summed over steps. */
struct product {
	const float *a, *b;
	float *c;
	int rows, columns, steps;
};

static inline int
least(int a, int b)
{
	return a < b ? a : b;
}

/* n elements, at most VW, and zeros. */
static inline vec
load(const float *x, int n)
{
	vec v = {};

	if (n >= VW)
		return *(const uvec *)x;
	memcpy(&v, x, n * sizeof *x);
	return v;
}

static inline void
store(float *y, vec v, int n)
{
	if (n >= VW)
		*(uvec *)y = v;
	else
		memcpy(y, &v, n * sizeof *y);
}

/*
 * m rows (the tile's others repeat the last one, and are dropped) by nv
 * vectors, or by n < VW columns; nv is a constant.
 */
static inline __attribute__((always_inline)) void
tile(const struct product *p, int i, int j, int m, int nv, int n)
{
	const float *b = p->b + j, *a[MR];
	vec acc[MR][NV] = {};

	UNROLL(16)
	for (int r = 0; r < MR; r++)
		a[r] = p->a + (size_t)(i + least(r, m - 1)) * p->steps;
	UNROLL(KE_UK)
	for (int s = 0; s < p->steps; s++) {
		vec bv[NV];

		UNROLL(4)
		for (int v = 0; v < nv; v++)
			bv[v] = load(b + v * VW, n);
		b += p->columns;
		UNROLL(16)
		for (int r = 0; r < MR; r++)
			UNROLL(4)
			for (int v = 0; v < nv; v++)
				acc[r][v] += a[r][s] * bv[v];
	}
	UNROLL(16)
	for (int r = 0; r < MR; r++) {
		float *c = p->c + (size_t)(i + r) * p->columns + j;

		if (r >= m)
			break;
		UNROLL(4)
		for (int v = 0; v < nv; v++)
			store(c + v * VW, acc[r][v], n);
	}
}

#define TILE(v)	case v: if (v <= NV) tile(p, i, j, m, v, VW); break

static void
tile_at(const struct product *p, int i, int j)
{
	int m = least(MR, p->rows - i), n = p->columns - j;

	switch (least(n / VW, NV)) {
	case 0: tile(p, i, j, m, 1, n); break;
	TILE(1);
	TILE(2);
	TILE(3);
	TILE(4);
	}
}

/* The columns that a tile at column j has. */
static inline int
step(const struct product *p, int j)
{
	int n = p->columns - j;

	return n < VW ? VW : least(n / VW, NV) * VW;
}

static void
multiply(const struct product *p)
{
	if (KE_ORDER)
		for (int i = 0; i < p->rows; i += MR)
			for (int j = 0; j < p->columns; j += step(p, j))
				tile_at(p, i, j);
	else
		for (int j = 0; j < p->columns; j += step(p, j))
			for (int i = 0; i < p->rows; i += MR)
				tile_at(p, i, j);
}

/* Into [-1, 1]; the order of the arguments keeps NaN NaN. */
static inline vec
clamp(vec t)
{
	vec lo = (vec){} - 1, hi = (vec){} + 1;

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

static inline vec
gelu(vec x)
{
	static const float c[] = {
	    -0.0027494503f, 0.00201225196f, -0.00242661836f, 0.00851098469f,
	    -0.0153828598f, 0.0209172865f, -0.0293261424f, 0.0405811347f,
	    -0.0522288777f, 0.0641628743f, -0.0775741391f, 0.0954740043f,
	    -0.128344961f, 0.257103873f
	};
	vec t = x * x * 0.0661157025f - 1, e = (vec){} + 0.00108882904f;
	vec half = x * 0.5f;

	UNROLL(16)
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		e = e * t + c[i];
	return half + half * clamp(e * x);
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

static inline float
norm(vec squares, int n)
{
	return 1 / sqrtf(across_sum(squares) / n + 1e-6f);
}

/* Part of a row of the first product becomes that of h before its norm. */
static inline vec
hidden_part(float *h, const float *bias, const float *gain, int n)
{
	vec v = gelu(load(h, n) + load(bias, n));

	store(h, v * load(gain, n), n);
	return v * v;
}

/* A row of h, and the factor that is left out of it. */
static float
hidden(float *h, const float *bias, const float *gain, int n)
{
	vec s = {};
	int i = 0;

	for (; i + VW <= n; i += VW)
		s += hidden_part(h + i, bias + i, gain + i, VW);
	if (i < n)
		s += hidden_part(h + i, bias + i, gain + i, n - i);
	return norm(s, n);
}

/* Part of v, from the second product's row and its factor. */
static inline vec
last_part(const float *y, float r, const float *bias, int n)
{
	return load(y, n) * r + load(bias, n);
}

/* The second product's row becomes that of y. */
static void
last(float *y, float r, const float *bias, const float *gain, int n)
{
	vec s = {}, v;
	float q;
	int i = 0;

	for (; i + VW <= n; i += VW) {
		v = last_part(y + i, r, bias + i, VW);
		s += v * v;
	}
	if (i < n) {
		v = last_part(y + i, r, bias + i, n - i);
		s += v * v;
	}
	q = norm(s, n);
	for (i = 0; i + VW <= n; i += VW)
		*(uvec *)(y + i) = last_part(y + i, r, bias + i, VW) * q *
		    load(gain + i, VW);
	if (i < n) {
		v = last_part(y + i, r, bias + i, n - i);
		store(y + i, v * q * load(gain + i, n - i), n - i);
	}
}

void
pffn(const struct ke_block *b, const float *restrict X,
    const float *restrict W1, const float *restrict b1,
    const float *restrict g1, const float *restrict W2,
    const float *restrict b2, const float *restrict g2, float *restrict y,
    int N, int D, int K)
{
	int i = b->x * KE_RB, rows = least(KE_RB, N - i);
	size_t s = b->y;
	float *h = b->shared, *r = h + (size_t)KE_RB * K;

	y += (s * N + i) * D;
	multiply(&(struct product){.a = X + (s * N + i) * D,
	    .b = W1 + s * D * K, .c = h, .rows = rows, .columns = K,
	    .steps = D});
	for (int k = 0; k < rows; k++)
		r[k] = hidden(h + (size_t)k * K, b1 + s * K, g1, K);
	multiply(&(struct product){.a = h, .b = W2 + s * K * D, .c = y,
	    .rows = rows, .columns = D, .steps = K});
	for (int k = 0; k < rows; k++)
		last(y + (size_t)k * D, r[k], b2 + s * D, g2, D);
}
