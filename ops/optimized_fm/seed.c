/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "MR": [4, 6, 8, 10, 12],
    "NV": [1, 2, 3, 4],
    "BK": [64, 128, 256, 512, 1024],
    "OUT": [0, 1],
    "SB": [1, 2, 4, 8],
    "AHEAD": [0, 1, 2]},
  "choice": {"VW": 8, "MR": 6, "NV": 2, "BK": 512, "OUT": 1,
    "SB": 2, "AHEAD": 2},
  "require": ["MR*NV + NV <= 31"],
  "launches": [
    {"kernel": "fm", "grid": ["cdiv(K, BK)", "cdiv(B, SB)"],
     "shared": "N*(D + K) <= 2*D*K ? 4*(N + 3)*(N + 3) : 4*D*(BK + N)",
     "args": ["X", "Y", "out", "B", "N", "D", "K"]}] }

The association that costs less: (X X^T) Y is N (N (D + K)) products a sample,
X (X^T Y) is 2 N D K.  A block is BK columns of SB samples.

X X^T, which is symmetric, is summed along rows of X, in vectors of VW floats
that are added up at the end: a tile is VW of its elements.  Both products that
follow are of a matrix whose columns lie packed in scratch (the symmetric one
read by rows, or X transposed) and of one that is read where it lies, a tile of
MR rows by NV vectors summed in registers.  Where the rows are no multiple of
MR, the last tile begins earlier and says some of them again.

OUT 1 writes aligned rows of out past the caches, which spares reading them
first.  AHEAD 1 asks for Y while X X^T is summed, and 2 for the block's next X
while that is multiplied, too. */

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

/* A tile of X X^T is GI by GJ; EVEN and ODD are the lanes of two vectors. */
#if VW == 16
#define GI	4
#define GJ	4
#define EVEN	0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD	1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif VW == 8
#define GI	4
#define GJ	2
#define EVEN	0, 2, 4, 6, 8, 10, 12, 14
#define ODD	1, 3, 5, 7, 9, 11, 13, 15
#else
#define GI	2
#define GJ	2
#define EVEN	0, 2, 4, 6
#define ODD	1, 3, 5, 7
#endif

/* c = a' b with the element of row i and step s of a' at a[s * lda + i]. */
struct product {
	const float *a, *b;
	float *c;
	int lda, ldb, ldc, rows, columns, steps, past;
	const float *next;	/* what is asked for meanwhile, or null */
	int per_column;		/* its elements for each column of c */
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

/* Lane i is the sum of v[i]. */
static inline vec
sums(vec v[VW])
{
	UNROLL(4)
	for (int n = VW / 2; n > 0; n /= 2)
		UNROLL(8)
		for (int i = 0; i < n; i++)
			v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1],
			    EVEN) + __builtin_shufflevector(v[2 * i],
			    v[2 * i + 1], ODD);
	return v[0];
}

/* The products of rows i to i + GI with rows j to j + GJ.  Rows from N on
 * repeat the last one. */
static inline vec
dots(const float *X, int i, int j, int N, int D)
{
	const float *a[GI], *c[GJ];
	vec s[VW] = {};

	UNROLL(4)
	for (int r = 0; r < GI; r++)
		a[r] = X + (size_t)least(i + r, N - 1) * D;
	UNROLL(4)
	for (int r = 0; r < GJ; r++)
		c[r] = X + (size_t)least(j + r, N - 1) * D;
	for (int d = 0; d < D / VW * VW; d += VW)
		UNROLL(16)
		for (int l = 0; l < VW; l++)
			s[l] += *(const uvec *)(a[l / GJ] + d) *
			    *(const uvec *)(c[l % GJ] + d);
	if (D % VW != 0)
		UNROLL(16)
		for (int l = 0; l < VW; l++)
			s[l] += load(a[l / GJ] + D / VW * VW, D % VW) *
			    load(c[l % GJ] + D / VW * VW, D % VW);
	return sums(s);
}

static void
ask(const float *x, int n)
{
	for (int i = 0; i < n; i += 16)
		__builtin_prefetch(x + i, 0, 2);
}

/* g[n * pitch + m], for n and m below N rounded up to GI. */
static void
gram(const float *X, float *g, int pitch, int N, int D,
    const struct product *y)
{
	int row = 0;

	for (int i = 0; i < N; i += GI)
		for (int j = i; j < N; j += GJ) {
			vec r = dots(X, i, j, N, D);

			for (int l = 0; l < VW; l++)
				g[(i + l / GJ) * pitch + j + l % GJ] =
				    g[(j + l % GJ) * pitch + i + l / GJ] = r[l];
			if (KE_AHEAD && row < y->steps)
				ask(y->b + (size_t)row++ * y->ldb,
				    y->columns);
		}
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

/* m rows by nv vectors, or by n < VW columns; m and nv are constants. */
static inline __attribute__((always_inline)) void
tile(const struct product *p, int i, int j, int m, int nv, int n)
{
	const float *a = p->a + i, *b = p->b + j;
	vec acc[MR][NV] = {};

	for (int s = 0; s < p->steps; s++) {
		vec bv[NV];

		UNROLL(4)
		for (int v = 0; v < nv; v++)
			bv[v] = load(b + v * VW, n);
		UNROLL(16)
		for (int r = 0; r < m; r++)
			UNROLL(4)
			for (int v = 0; v < nv; v++)
				acc[r][v] += a[r] * bv[v];
		a += p->lda;
		b += p->ldb;
	}
	UNROLL(16)
	for (int r = 0; r < m; r++) {
		float *c = p->c + (size_t)(i + r) * p->ldc + j;

		if (n < VW)
			memcpy(c, &acc[r][0], n * sizeof *c);
		else
			UNROLL(4)
			for (int v = 0; v < nv; v++)
				write_out(c + v * VW, acc[r][v], p->past);
	}
}

/* All rows of some columns, nv vectors or n < VW. */
static inline __attribute__((always_inline)) void
columns(const struct product *p, int j, int nv, int n)
{
	if (p->rows < MR) {
		for (int i = 0; i < p->rows; i++)
			tile(p, i, j, 1, nv, n);
		return;
	}
	for (int i = 0; i < p->rows; i += MR)
		tile(p, least(i, p->rows - MR), j, MR, nv, n);
}

static void
multiply(const struct product *p)
{
	int j = 0;

	for (; j + NV * VW <= p->columns; j += NV * VW) {
		if (p->next != NULL)
			ask(p->next + (size_t)j * p->per_column,
			    NV * VW * p->per_column);
		columns(p, j, NV, VW);
	}
	for (; j + VW <= p->columns; j += VW)
		columns(p, j, 1, VW);
	if (j < p->columns)
		columns(p, j, 1, p->columns - j);
}

static void
transpose(const float *X, float *xt, int N, int D)
{
	for (int n = 0; n < N; n++)
		for (int d = 0; d < D; d++)
			xt[(size_t)d * N + n] = X[(size_t)n * D + d];
}

/* Some columns of a sample; next is the X that follows, or null. */
static void
sample(const float *X, const float *Y, float *out, float *scratch, int columns,
    int N, int D, int K, const float *next)
{
	struct product last = {.c = out, .ldc = K, .rows = N,
	    .columns = columns, .past = KE_OUT && K % VW == 0, .next = next,
	    .per_column = N * D / columns};

	if ((int64_t)N * (D + K) <= (int64_t)2 * D * K) {
		last.a = scratch;
		last.lda = N + 3;
		last.b = Y;
		last.ldb = K;
		last.steps = N;
		gram(X, scratch, N + 3, N, D, &last);
	} else {
		float *xt = scratch + (size_t)D * KE_BK;

		multiply(&(struct product){.a = X, .lda = D, .b = Y, .ldb = K,
		    .c = scratch, .ldc = KE_BK, .rows = D,
		    .columns = columns, .steps = N});
		transpose(X, xt, N, D);
		last.a = xt;
		last.lda = N;
		last.b = scratch;
		last.ldb = KE_BK;
		last.steps = D;
	}
	multiply(&last);
}

void
fm(const struct ke_block *b, const float *restrict X, const float *restrict Y,
    float *restrict out, int B, int N, int D, int K)
{
	int from = b->y * KE_SB, end = least(B, from + KE_SB);
	int k = b->x * KE_BK;

	for (int s = from; s < end; s++) {
		const float *x = X + (size_t)s * N * D;
		size_t at = (size_t)s * N * K + k;

		sample(x, Y + at, out + at, b->shared, least(KE_BK, K - k), N,
		    D, K, KE_AHEAD > 1 && s + 1 < end ? x + (size_t)N * D :
		    NULL);
	}
#ifdef __SSE2__
	if (KE_OUT)
		_mm_sfence();
#endif
}
