/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "MR": [2, 3, 4, 6, 8, 12],
    "NV": [1, 2, 3, 4, 5],
    "OB": [24, 48, 96],
    "LB": [64, 208, 512],
    "ORDER": [0, 1],
    "PACK": [0, 1],
    "UC": [1, 2]},
  "choice": {"VW": 8, "MR": 4, "NV": 2, "OB": 24, "LB": 64, "ORDER": 0,
    "PACK": 0, "UC": 1},
  "require": ["OB % MR == 0", "MR*NV >= 4", "MR*NV + NV <= 31",
    "NV*VW <= LB"],
  "workspace": {"wp": {"dtype": "f32",
    "shape": ["PACK ? cdiv(Cout, MR)*Cin*3*MR : 1"]}},
  "launches": [
    {"kernel": "pack", "grid": ["PACK ? cdiv(Cout, MR) : 1"],
     "args": ["w", "wp", "Cin", "Cout"]},
    {"kernel": "conv1d", "grid": ["cdiv(Cout, OB)", "cdiv(L, LB)", "B"],
     "shared": "4*Cin*(LB + 48)",
     "args": ["x", "w", "wp", "bias", "y", "Cin", "Cout", "L"]}] }

Outer products in registers, vectors along l.  A block copies LB positions of
all input channels into scratch, where zeros stand in for the neighbours that
x doesn't have, and so no inner loop knows of borders.  A tile of MR output
channels by NV vectors of VW floats is summed over all input channels in
registers and stored once.  ORDER 0 walks the channels of a tile's positions
first (those of x stay in the first-level cache), 1 the positions of its
channels (the weights stay there).  PACK lays the weights of MR channels side
by side first; without it they are read where they are.  UC unrolls the loop
over input channels. */

#include <string.h>

#define VW	KE_VW
#define MR	KE_MR
#define NV	KE_NV
#define PITCH	(KE_LB + 48)	/* of a channel in scratch */
#define FRONT	16		/* where its position 0 is, 64-byte aligned */
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float uvec __attribute__((vector_size(VW * 4), aligned(4)));

void
pack(const struct ke_block *blk, const float *w, float *wp, int Cin, int Cout)
{
	int n = Cin * 3, o = blk->x * MR;

	if (!KE_PACK)
		return;
	wp += (size_t)o * n;
	for (int m = 0; m < MR; m++)
		for (int i = 0; i < n; i++)
			wp[i * MR + m] = o + m < Cout ?
			    w[(size_t)(o + m) * n + i] : 0;
}

static void
stage(float *xs, const float *x, int Cin, int L, int l0, int n)
{
	int left = l0 > 0, right = l0 + n < L;

	for (int c = 0; c < Cin; c++) {
		float *d = xs + (size_t)c * PITCH + FRONT;
		const float *s = x + (size_t)c * L + l0;

		d[-1] = left ? s[-1] : 0;
		memcpy(d, s, n * sizeof *d);
		memset(d + n, 0, (VW + 1) * sizeof *d);
		if (right)
			d[n] = s[n];
	}
}

/* A row's first n floats of v. */
static inline void
store(float *y, const vec *v, int nv, int n)
{
	for (int j = 0; j < nv; j++, n -= VW)
		if (n >= VW)
			*(uvec *)(y + j * VW) = v[j];
		else
			for (int i = 0; i < n; i++)
				y[j * VW + i] = v[j][i];
}

/*
 * mo channels (the tile's others are computed and dropped) by n positions, at
 * most nv vectors.  ws is the distance between channels, wk that between taps.
 */
static inline __attribute__((always_inline)) void
tile(const float *restrict xs, const float *const *w, int wk,
    const float *bias, float *restrict y, int Cin, int L, int mo, int nv, int n)
{
	vec acc[MR][NV];

	UNROLL(16)
	for (int m = 0; m < MR; m++)
		UNROLL(16)
		for (int j = 0; j < nv; j++)
			acc[m][j] = (vec){} + bias[m < mo ? m : 0];
	UNROLL(KE_UC)
	for (int c = 0; c < Cin; c++) {
		UNROLL(3)
		for (int k = 0; k < 3; k++) {
			vec xv[NV];

			UNROLL(16)
			for (int j = 0; j < nv; j++)
				xv[j] = *(const uvec *)(xs + c * PITCH + k -
				    1 + j * VW);
			UNROLL(16)
			for (int m = 0; m < MR; m++) {
				float s = w[m][(c * 3 + k) * wk];

				UNROLL(16)
				for (int j = 0; j < nv; j++)
					acc[m][j] += s * xv[j];
			}
		}
	}
	UNROLL(16)
	for (int m = 0; m < MR; m++)
		if (m < mo)
			store(y + (size_t)m * L, acc[m], nv, n);
}

#define TILE(nv)	case nv: if (nv <= NV) \
	tile(xs, wr, KE_PACK ? MR : 1, bias, y, Cin, L, mo, nv, n); break

static void
tiles(const float *xs, const float *w, const float *wp, const float *bias,
    float *y, int Cin, int L, int mo, int n)
{
	const float *wr[MR];

	for (int m = 0; m < MR; m++)
		wr[m] = KE_PACK ? wp + m : w + (size_t)(m < mo ? m : 0) *
		    Cin * 3;
	switch ((n + VW - 1) / VW) {
	TILE(1);
	TILE(2);
	TILE(3);
	TILE(4);
	TILE(5);
	}
}

void
conv1d(const struct ke_block *blk, const float *restrict x,
    const float *restrict w, float *restrict wp,
    const float *restrict bias, float *restrict y, int Cin, int Cout, int L)
{
	float *xs = blk->shared;
	int o0 = blk->x * KE_OB, l0 = blk->y * KE_LB;
	int no = o0 + KE_OB < Cout ? KE_OB : Cout - o0;
	int nl = l0 + KE_LB < L ? KE_LB : L - l0;
	int ot = (no + MR - 1) / MR, lt = (nl + NV * VW - 1) / (NV * VW);

	stage(xs, x + (size_t)blk->z * Cin * L, Cin, L, l0, nl);
	y += (size_t)blk->z * Cout * L;
	for (int t = 0; t < ot * lt; t++) {
		int o = o0 + (KE_ORDER ? t / lt : t % ot) * MR;
		int l = (KE_ORDER ? t % lt : t / ot) * NV * VW;
		int mo = Cout - o < MR ? Cout - o : MR;
		int n = nl - l < NV * VW ? nl - l : NV * VW;

		tiles(xs + FRONT + l, w + (size_t)o * Cin * 3,
		    wp + (KE_PACK ? (size_t)o * Cin * 3 : 0), bias + o,
		    y + (size_t)o * L + l0 + l, Cin, L, mo, n);
	}
}
