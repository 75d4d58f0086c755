/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "MR": [4, 6, 8, 10, 12],
    "NV": [1, 2, 3, 4],
    "BM": [32, 64, 128, 256],
    "BN": [64, 128, 256, 512],
    "KC": [128, 256, 512, 1024],
    "UK": [1, 2, 4]},
  "choice": {"VW": 8, "MR": 6, "NV": 2, "BM": 64, "BN": 128, "KC": 256,
    "UK": 1},
  "require": ["MR*NV + NV <= 31", "MR*NV >= 4", "NV*VW <= BN"],
  "workspace": {
    "ap": {"dtype": "f32", "shape": ["cdiv(M, MR)", "K", "MR"]},
    "bp": {"dtype": "f32", "shape": ["cdiv(N, NV*VW)", "K", "NV*VW"]}},
  "launches": [
    {"kernel": "pack_a", "grid": ["cdiv(M, MR)"],
     "args": ["A", "ap", "M", "K"]},
    {"kernel": "pack_b", "grid": ["cdiv(N, NV*VW)"],
     "args": ["B", "bp", "N", "K"]},
    {"kernel": "gemm",
     "grid": ["cdiv(N, BN/(NV*VW)*NV*VW)", "cdiv(M, cdiv(BM, MR)*MR)"],
     "args": ["ap", "bp", "C", "M", "N", "K"]}] }

Outer products in registers, on packed operands: A in panels of MR rows, B in
panels of NV vectors of VW columns, each panel with one k after the other and
with zeros where a matrix ends.  A tile of MR rows by NV vectors of C is summed
over KC of k in registers, for which the panels' parts stay in cache, and then
added to what the parts before gave.  A block is at least BM rows by at most BN
columns.  UK unrolls the loop over k.  For matrices that the second-level cache
can't hold; where it can, packing is more work than it spares. */

#include <string.h>

#define VW	KE_VW
#define MR	KE_MR
#define NV	KE_NV
#define NR	(NV * VW)
#define ROWS	((KE_BM + MR - 1) / MR * MR)
#define COLUMNS	(KE_BN / NR * NR)
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float uvec __attribute__((vector_size(VW * 4), aligned(4)));

static inline int
least(int a, int b)
{
	return a < b ? a : b;
}

void
pack_a(const struct ke_block *b, const float *restrict A, float *restrict ap,
    int M, int K)
{
	int i = b->x * MR;

	ap += (size_t)i * K;
	for (int r = 0; r < MR; r++)
		for (int k = 0; k < K; k++)
			ap[(size_t)k * MR + r] = i + r < M ?
			    A[(size_t)(i + r) * K + k] : 0;
}

void
pack_b(const struct ke_block *b, const float *restrict B, float *restrict bp,
    int N, int K)
{
	int j = b->x * NR, n = least(NR, N - j);

	bp += (size_t)j * K;
	for (int k = 0; k < K; k++, bp += NR) {
		memcpy(bp, B + (size_t)k * N + j, n * sizeof *bp);
		memset(bp + n, 0, (NR - n) * sizeof *bp);
	}
}

/* n columns of a row of C, which holds nothing yet where first is true. */
static inline void
store(float *c, const vec *acc, int n, int first)
{
	if (n == NR) {
		UNROLL(4)
		for (int v = 0; v < NV; v++)
			*(uvec *)(c + v * VW) = first ? acc[v] :
			    *(const uvec *)(c + v * VW) + acc[v];
		return;
	}
	for (int l = 0; l < n; l++) {
		float s = acc[l / VW][l % VW];

		c[l] = first ? s : c[l] + s;
	}
}

static void
tile(const float *restrict ap, const float *restrict bp, float *restrict c,
    int m, int n, int N, int kc, int first)
{
	vec acc[MR][NV] = {};

	UNROLL(KE_UK)
	for (int k = 0; k < kc; k++) {
		vec bv[NV];

		UNROLL(4)
		for (int v = 0; v < NV; v++)
			bv[v] = *(const uvec *)(bp + k * NR + v * VW);
		UNROLL(16)
		for (int r = 0; r < MR; r++)
			UNROLL(4)
			for (int v = 0; v < NV; v++)
				acc[r][v] += ap[k * MR + r] * bv[v];
	}
	UNROLL(16)
	for (int r = 0; r < MR; r++) {
		if (r >= m)
			break;
		store(c + (size_t)r * N, acc[r], n, first);
	}
}

void
gemm(const struct ke_block *b, float *restrict ap, float *restrict bp,
    float *restrict C, int M, int N, int K)
{
	int i0 = b->y * ROWS, i1 = least(M, i0 + ROWS);
	int j0 = b->x * COLUMNS, j1 = least(N, j0 + COLUMNS);

	for (int k = 0; k < K; k += KE_KC)
		for (int j = j0; j < j1; j += NR)
			for (int i = i0; i < i1; i += MR)
				tile(ap + (size_t)i * K + (size_t)k * MR,
				    bp + (size_t)j * K + (size_t)k * NR,
				    C + (size_t)i * N + j, least(MR, i1 - i),
				    least(NR, j1 - j), N,
				    least(KE_KC, K - k), k == 0);
}
