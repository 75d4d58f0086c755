/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "NQ": [1, 2, 3, 4],
    "KR": [4, 6, 8, 10, 12],
    "NV": [1, 2, 3, 4],
    "QR": [4, 6, 8, 10, 12],
    "TILES": [1, 2, 3, 4, 8],
    "BN": [64, 128, 256, 512, 1024],
    "UD": [1, 2, 4],
    "DEG": [5, 6]},
  "choice": {"VW": 8, "NQ": 2, "KR": 6, "NV": 2, "QR": 6, "TILES": 4,
    "BN": 256, "UD": 2, "DEG": 6},
  "require": ["KR*NQ + NQ <= 31", "QR*NV + NV <= 31"],
  "launches": [
    {"kernel": "attention", "grid": ["cdiv(S, TILES*NQ*VW)", "B*H"],
     "shared": "4*(TILES*NQ*VW*(D + min(BN, S) + KR + 4) + VW*min(BN, S))",
     "args": ["q", "k", "v", "y", "S", "D", "causal"]}] }

A block is BM = TILES*NQ*VW rows of one head, the last rows first, for with
causal they are the most work.  Rows lie along vectors of VW floats: q is
transposed to scratch, and scores are k times that, so k and v are used where
they lie.  BN keys at a time:

	scores		tiles of KR keys by NQ vectors of rows, summed over D
			in registers, with the largest of each row so far;
	weights		exp(score - largest), and their sum;
	y		what the keys before gave, scaled by how much the
			largest grew, plus weights times v: tiles of QR rows
			by NV vectors of columns, summed over the keys in
			registers.

Where BN covers S nothing is scaled twice.  UD unrolls the sums.  Columns of v
that don't fill a vector are copied to scratch, with zeros beside them.  The
exponential is that of softmax's seed, of degree DEG. */

#include <math.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define VW	KE_VW
#define NQ	KE_NQ
#define KR	KE_KR
#define NV	KE_NV
#define QR	KE_QR
#define TILE	(NQ * VW)
#define BM	(KE_TILES * TILE)
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)
#define LEAST	(-3e38f)	/* of scores that don't count */

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float uvec __attribute__((vector_size(VW * 4), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(VW * 4)));

/* A block: rows i0 to i0 + rows of a head; w: keys by rows, the scores, then
 * the weights; one element a row: largest score, sum of the weights, what y
 * is scaled by before and after keys are added; edge: columns of v. */
struct block {
	const float *k, *v;
	float *y, *qt, *w, *edge;
	vec *max, *sum, *before, *after;
	int i0, rows, D, causal;
};

static inline int
least(int a, int b)
{
	return a < b ? a : b;
}

static inline vec
either(ivec m, vec a, vec b)
{
	return (vec)(((ivec)a & m) | ((ivec)b & ~m));
}

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
	return either(a > b, a, b);
#endif
}

/* Of arguments of at most 0; those below -86 count as -86. */
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

/* Columns of qt are rows of q, with zeros for those past the last. */
static void
transpose_q(const struct block *b, const float *q)
{
	float scale = 1 / sqrtf(b->D);

	for (int d = 0; d < b->D; d++)
		for (int i = 0; i < BM; i++)
			b->qt[d * BM + i] = i < b->rows ?
			    q[(size_t)i * b->D + d] * scale : 0;
}

/* Which of the rows from i0 + i on attend to key j. */
static inline ivec
attends(const struct block *b, int i, int j)
{
	ivec row;

	for (int l = 0; l < VW; l++)
		row[l] = l;
	return row >= j - b->i0 - i;
}

/*
 * Scores of m keys from j on (the tile's others repeat the last one, and are
 * dropped) for NQ vectors of rows from i on; to is where key j's go.
 */
static void
score_tile(const struct block *b, int i, int j, int m, float *to)
{
	const float *k[KR], *q = b->qt + i;
	vec acc[KR][NQ] = {}, top[NQ];

	UNROLL(16)
	for (int r = 0; r < KR; r++)
		k[r] = b->k + (size_t)(j + least(r, m - 1)) * b->D;
	UNROLL(KE_UD)
	for (int d = 0; d < b->D; d++) {
		vec qv[NQ];

		UNROLL(4)
		for (int v = 0; v < NQ; v++)
			qv[v] = *(const vec *)(q + v * VW);
		q += BM;
		UNROLL(16)
		for (int r = 0; r < KR; r++)
			UNROLL(4)
			for (int v = 0; v < NQ; v++)
				acc[r][v] += k[r][d] * qv[v];
	}
	UNROLL(4)
	for (int v = 0; v < NQ; v++)
		top[v] = b->max[i / VW + v];
	UNROLL(16)
	for (int r = 0; r < KR; r++)
		UNROLL(4)
		for (int v = 0; v < NQ; v++) {
			vec s = acc[r][v];

			if (b->causal && j + r > b->i0 + i)
				s = either(attends(b, i + v * VW, j + r), s,
				    (vec){} + LEAST);
			top[v] = vmax(s, top[v]);
			if (r < m)
				*(vec *)(to + r * BM + v * VW) = s;
		}
	UNROLL(4)
	for (int v = 0; v < NQ; v++)
		b->max[i / VW + v] = top[v];
}

/* Keys from j0 on, n of them, where a row of the tile attends to them. */
static void
scores(const struct block *b, int j0, int n)
{
	for (int j = 0; j < n; j += KR)
		for (int i = 0; i < BM; i += TILE)
			if (!b->causal || j0 + j < b->i0 + i + TILE)
				score_tile(b, i, j0 + j, least(KR, n - j),
				    b->w + j * BM + i);
}

/*
 * Scores become weights: of keys that all rows of a vector attend to, of those
 * that some do, of none.  before is what the sum so far is scaled by.
 */
static void
weights(const struct block *b, int j0, int n, const vec *old)
{
	for (int i = 0; i < BM / VW; i++) {
		float *w = b->w + i * VW;
		vec max = b->max[i], sum[2] = {};
		int all = b->causal ? least(n, b->i0 + i * VW + 1 - j0) : n;
		int some = least(n, all + VW - 1), j = 0;

		for (; j + 4 <= all; j += 4)
			UNROLL(4)
			for (int u = 0; u < 4; u++) {
				vec *p = (vec *)(w + (j + u) * BM);

				*p = vexp(*p - max);
				sum[u % 2] += *p;
			}
		for (; j < some; j++) {
			vec *p = (vec *)(w + j * BM);

			*p = vexp(*p - max);
			if (j >= all)
				*p = either(attends(b, i * VW, j0 + j), *p,
				    (vec){});
			sum[0] += *p;
		}
		for (; j < n; j++)
			*(vec *)(w + j * BM) = (vec){};
		b->before[i] = vexp(old[i] - max);
		b->sum[i] = b->sum[i] * b->before[i] + sum[0] + sum[1];
	}
}

/* n columns of a row of y. */
static inline void
store(float *y, const vec *acc, int nv, int n, float after)
{
	if (n == VW)
		UNROLL(4)
		for (int c = 0; c < nv; c++)
			*(uvec *)(y + c * VW) = acc[c] * after;
	else
		for (int l = 0; l < n; l++)
			y[l] = acc[0][l] * after;
}

static inline vec
load(const float *y, int n)
{
	vec v = {};

	if (n == VW)
		return *(const uvec *)y;
	for (int l = 0; l < n; l++)
		v[l] = y[l];
	return v;
}

/*
 * m rows from i on by nv vectors of columns from d on, the last of n columns;
 * v: those columns for the first of the keys.
 */
static inline __attribute__((always_inline)) void
value_tile(const struct block *b, const float *v, int ldv, int keys, int i,
    int m, int d, int nv, int n, int first)
{
	const float *w = b->w + i;
	float *y = b->y + (size_t)i * b->D + d;
	int row[QR];
	vec acc[QR][NV] = {};

	UNROLL(16)
	for (int r = 0; r < QR; r++) {
		row[r] = least(r, m - 1);
		if (!first)
			UNROLL(4)
			for (int c = 0; c < nv; c++)
				acc[r][c] = load(y + (size_t)row[r] * b->D +
				    c * VW, n) *
				    ((float *)b->before)[i + row[r]];
	}
	UNROLL(KE_UD)
	for (int j = 0; j < keys; j++) {
		vec vv[NV];

		UNROLL(4)
		for (int c = 0; c < nv; c++)
			vv[c] = *(const uvec *)(v + c * VW);
		UNROLL(16)
		for (int r = 0; r < QR; r++)
			UNROLL(4)
			for (int c = 0; c < nv; c++)
				acc[r][c] += w[row[r]] * vv[c];
		v += ldv;
		w += BM;
	}
	UNROLL(16)
	for (int r = 0; r < QR; r++) {
		if (r >= m)
			break;
		store(y + (size_t)r * b->D, acc[r], nv, n,
		    ((float *)b->after)[i + r]);
	}
}

#define TILE_OF(n)	case n: \
	if (n <= NV) \
		value_tile(b, v + d, b->D, keys, i, m, d, n, VW, first); \
	break

/* Keys from j0 on, n of them, to all columns of y. */
static void
values(const struct block *b, int j0, int n, int first)
{
	const float *v = b->v + (size_t)j0 * b->D;
	int whole = b->D / VW * VW, edge = b->D - whole;

	for (int j = 0; j < n && edge > 0; j++)
		for (int l = 0; l < VW; l++)
			b->edge[j * VW + l] = l < edge ?
			    v[(size_t)j * b->D + whole + l] : 0;
	for (int i = 0; i < b->rows; i += QR) {
		int m = least(QR, b->rows - i);
		int keys = b->causal ? least(n, b->i0 + i + m - j0) : n;

		for (int d = 0; d < whole; d += NV * VW)
			switch (least(NV, (whole - d) / VW)) {
			TILE_OF(1);
			TILE_OF(2);
			TILE_OF(3);
			TILE_OF(4);
			}
		if (edge > 0)
			value_tile(b, b->edge, VW, keys, i, m, whole, 1, edge,
			    first);
	}
}

void
attention(const struct ke_block *blk, const float *restrict q,
    const float *restrict k, const float *restrict v, float *restrict y,
    int S, int D, int causal)
{
	size_t head = (size_t)blk->y * S * D;
	int i0 = (blk->nx - 1 - blk->x) * BM, rows = least(BM, S - i0);
	int end = causal ? i0 + rows : S;
	vec max[BM / VW], sum[BM / VW] = {}, before[BM / VW], after[BM / VW];
	float *qt = blk->shared, *w = qt + (size_t)D * BM;
	struct block b = {.k = k + head, .v = v + head,
	    .y = y + head + (size_t)i0 * D, .qt = qt, .w = w,
	    .edge = w + (size_t)(least(KE_BN, S) + KR) * BM, .max = max,
	    .sum = sum, .before = before, .after = after, .i0 = i0,
	    .rows = rows, .D = D, .causal = causal};

	transpose_q(&b, q + head + (size_t)i0 * D);
	for (int i = 0; i < BM / VW; i++)
		max[i] = (vec){} + LEAST;
	for (int j = 0; j < end; j += KE_BN) {
		int n = least(KE_BN, end - j);
		vec old[BM / VW];

		for (int i = 0; i < BM / VW; i++)
			old[i] = max[i];
		scores(&b, j, n);
		weights(&b, j, n, old);
		for (int i = 0; i < BM / VW; i++)
			after[i] = (vec){} + 1;
		for (int i = 0; i < BM / VW && j + n == end; i++)
			after[i] = 1 / sum[i];
		values(&b, j, n, j == 0);
	}
}
