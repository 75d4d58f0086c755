/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "MR": [2, 4, 6, 8, 10],
    "NV": [1, 2, 3, 4],
    "BM": [32, 64, 128, 256],
    "BN": [64, 96, 128, 256, 512],
    "ORDER": [0, 1],
    "UK": [1, 2, 4]},
  "choice": {"VW": 8, "MR": 4, "NV": 2, "BM": 32, "BN": 64, "ORDER": 0,
    "UK": 1},
  "require": ["MR*NV + NV <= 31", "MR*NV >= 4", "BN % VW == 0",
    "NV*VW <= BN"],
  "launches": [
    {"kernel": "gemm", "grid": ["cdiv(N, BN)", "cdiv(M, BM)"],
     "shared": "4*VW*K", "args": ["A", "B", "C", "M", "N", "K"]}] }

Outer products in registers, on the operands where they lie: a tile of MR rows
by NV vectors of VW columns of C is summed over all of K and stored once.  That
is best while the columns of B that a block walks stay in the second-level
cache.  A block is BM rows by BN columns; ORDER 0 walks the rows of some columns
first, 1 the columns of some rows.  Columns that don't fill a vector are copied
to scratch, with zeros beside them.  UK unrolls the loop over K. */

#define VW	KE_VW
#define MR	KE_MR
#define NV	KE_NV
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float uvec __attribute__((vector_size(VW * 4), aligned(4)));

/* What a block works on; b and ldb also where the last columns are copied. */
struct product {
	const float *a, *b;
	float *c;
	int lda, ldb, ldc, k;
};

static inline int
least(int a, int b)
{
	return a < b ? a : b;
}

/*
 * m rows (the tile's others repeat the last one, and are dropped) by nv
 * vectors, the last of which has n columns that are meant.
 */
static inline __attribute__((always_inline)) void
tile(const struct product *p, int i, int j, int m, int nv, int n)
{
	const float *b = p->b + j, *a[MR];
	vec acc[MR][NV] = {};

	UNROLL(16)
	for (int r = 0; r < MR; r++)
		a[r] = p->a + (size_t)(i + least(r, m - 1)) * p->lda;
	UNROLL(KE_UK)
	for (int k = 0; k < p->k; k++) {
		vec bv[NV];

		UNROLL(4)
		for (int v = 0; v < nv; v++)
			bv[v] = *(const uvec *)(b + v * VW);
		b += p->ldb;
		UNROLL(16)
		for (int r = 0; r < MR; r++)
			UNROLL(4)
			for (int v = 0; v < nv; v++)
				acc[r][v] += a[r][k] * bv[v];
	}
	UNROLL(16)
	for (int r = 0; r < MR; r++) {
		float *c = p->c + (size_t)(i + r) * p->ldc + j;

		if (r >= m)
			break;
		if (n == VW)
			UNROLL(4)
			for (int v = 0; v < nv; v++)
				*(uvec *)(c + v * VW) = acc[r][v];
		else
			for (int l = 0; l < n; l++)
				c[l] = acc[r][0][l];
	}
}

#define TILE(n)	case n: if (n <= NV) tile(p, i, j, m, n, VW); break

static void
tile_of(const struct product *p, int i, int j, int m, int nv)
{
	switch (nv) {
	TILE(1);
	TILE(2);
	TILE(3);
	TILE(4);
	}
}

/* Columns j to j + n, n < VW, through scratch. */
static void
last_columns(const struct product *p, float *scratch, int j, int n, int rows)
{
	struct product q = *p;

	for (int k = 0; k < p->k; k++)
		for (int l = 0; l < VW; l++)
			scratch[k * VW + l] = l < n ?
			    p->b[(size_t)k * p->ldb + j + l] : 0;
	q.b = scratch;
	q.ldb = VW;
	q.c = p->c + j;
	for (int i = 0; i < rows; i += MR)
		tile(&q, i, 0, least(MR, rows - i), 1, n);
}

void
gemm(const struct ke_block *b, const float *restrict A,
    const float *restrict B, float *restrict C, int M, int N, int K)
{
	int i0 = b->y * KE_BM, rows = least(KE_BM, M - i0);
	int j0 = b->x * KE_BN, columns = least(KE_BN, N - j0);
	int whole = columns / VW * VW, step = NV * VW;
	int it = (rows + MR - 1) / MR, jt = (whole + step - 1) / step;
	struct product p = {A + (size_t)i0 * K, B + j0,
	    C + (size_t)i0 * N + j0, K, N, N, K};

	for (int t = 0; t < it * jt; t++) {
		int i = (KE_ORDER ? t / jt : t % it) * MR;
		int j = (KE_ORDER ? t % jt : t / it) * step;

		tile_of(&p, i, j, least(MR, rows - i),
		    least(step, whole - j) / VW);
	}
	if (whole < columns)
		last_columns(&p, b->shared, whole, columns - whole, rows);
}
