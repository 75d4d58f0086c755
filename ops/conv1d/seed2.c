/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "NV": [1, 2, 3],
    "PR": [4, 5, 6, 8, 10, 12, 20],
    "OG": [1, 2, 4],
    "LB": [64, 104, 200, 512],
    "ORDER": [0, 1],
    "TAPS": [0, 1],
    "UC": [1, 2]},
  "choice": {"VW": 8, "NV": 2, "PR": 4, "OG": 1, "LB": 64, "ORDER": 0,
    "TAPS": 0, "UC": 1},
  "require": ["PR*NV + (TAPS ? 3 : 1)*NV <= 31",
    "VW*NV*OG <= 128"],
  "workspace": {"wp": {"dtype": "f32",
    "shape": ["cdiv(Cout, VW*NV)*VW*NV", "Cin", 3]}},
  "launches": [
    {"kernel": "pack", "grid": ["cdiv(Cout, VW*NV)"],
     "args": ["w", "wp", "Cin", "Cout"]},
    {"kernel": "conv1d",
     "grid": ["cdiv(Cout, VW*NV*OG)", "cdiv(L, LB)", "B"],
     "shared": "4*Cin*(LB + 48) + 4*VW*NV*PR",
     "args": ["x", "wp", "bias", "y", "Cin", "Cout", "L"]}] }

Outer products in registers, vectors along the output channels: the weights of
NV vectors of VW channels are laid side by side, and each of PR positions of x
is broadcast against them.  So no load of x crosses a cache line and L has no
tail of vectors; for it the tile must be turned round when it is stored.  A
block does OG such groups of channels by LB positions, whose x it copies into
scratch with zeros for the neighbours that x doesn't have.  ORDER 0 walks the
groups of some positions first, 1 the positions of a group.  TAPS keeps the
weights of all three taps in registers, so that an element of x is broadcast
once for the three. */

#include <string.h>

#define VW	KE_VW
#define NV	KE_NV
#define PR	KE_PR
#define GROUP	(VW * NV)
#define PITCH	(KE_LB + 48)	/* of a channel in scratch */
#define FRONT	16		/* where its position 0 is */
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float uvec __attribute__((vector_size(VW * 4), aligned(4)));

void
pack(const struct ke_block *blk, const float *w, float *wp, int Cin, int Cout)
{
	int n = Cin * 3, o = blk->x * GROUP;

	wp += (size_t)o * n;
	for (int m = 0; m < GROUP; m++)
		for (int i = 0; i < n; i++)
			wp[i * GROUP + m] = o + m < Cout ?
			    w[(size_t)(o + m) * n + i] : 0;
}

/* The zeros reach as far as the last tile may look. */
static void
stage(float *xs, const float *x, int Cin, int L, int l0, int n)
{
	int left = l0 > 0, right = l0 + n < L;

	for (int c = 0; c < Cin; c++) {
		float *d = xs + (size_t)c * PITCH + FRONT;
		const float *s = x + (size_t)c * L + l0;

		d[-1] = left ? s[-1] : 0;
		memcpy(d, s, n * sizeof *d);
		memset(d + n, 0, ((PR - n % PR) % PR + 1) * sizeof *d);
		if (right)
			d[n] = s[n];
	}
}

static inline __attribute__((always_inline)) void
channel(vec acc[PR][NV], const float *x, const float *w)
{
	vec wv[3][NV];

	UNROLL(3)
	for (int k = 0; k < 3; k++)
		UNROLL(8)
		for (int j = 0; j < NV; j++)
			wv[k][j] = *(const uvec *)(w + k * GROUP + j * VW);
	if (KE_TAPS) {
		UNROLL(32)
		for (int p = -1; p <= PR; p++) {
			float s = x[p];

			UNROLL(3)
			for (int k = 0; k < 3; k++)
				if (p + 1 - k >= 0 && p + 1 - k < PR)
					UNROLL(8)
					for (int j = 0; j < NV; j++)
						acc[p + 1 - k][j] +=
						    s * wv[k][j];
		}
		return;
	}
	UNROLL(3)
	for (int k = 0; k < 3; k++)
		UNROLL(32)
		for (int p = 0; p < PR; p++)
			UNROLL(8)
			for (int j = 0; j < NV; j++)
				acc[p][j] += x[p + k - 1] * wv[k][j];
}

/* A group's channels, of which mo are meant, by PR positions, of which n. */
static void
tile(const float *restrict xs, const float *restrict w, const float *bias,
    float *restrict t, float *restrict y, int Cin, int L, int mo, int n)
{
	vec acc[PR][NV];

	for (int m = 0; m < GROUP; m++)
		t[m] = m < mo ? bias[m] : 0;
	UNROLL(32)
	for (int p = 0; p < PR; p++)
		UNROLL(8)
		for (int j = 0; j < NV; j++)
			acc[p][j] = *(const uvec *)(t + j * VW);
	UNROLL(KE_UC)
	for (int c = 0; c < Cin; c++)
		channel(acc, xs + c * PITCH, w + c * 3 * GROUP);
	UNROLL(32)
	for (int p = 0; p < PR; p++)
		UNROLL(8)
		for (int j = 0; j < NV; j++)
			*(uvec *)(t + p * GROUP + j * VW) = acc[p][j];
	for (int m = 0; m < mo; m++)
		if (n == PR)
			for (int p = 0; p < PR; p++)
				y[(size_t)m * L + p] = t[p * GROUP + m];
		else
			for (int p = 0; p < n; p++)
				y[(size_t)m * L + p] = t[p * GROUP + m];
}

void
conv1d(const struct ke_block *blk, const float *restrict x,
    float *restrict wp, const float *restrict bias, float *restrict y,
    int Cin, int Cout, int L)
{
	float *t = blk->shared, *xs = t + GROUP * PR;
	int o0 = blk->x * GROUP * KE_OG, l0 = blk->y * KE_LB;
	int no = o0 + GROUP * KE_OG < Cout ? GROUP * KE_OG : Cout - o0;
	int nl = l0 + KE_LB < L ? KE_LB : L - l0;
	int ot = (no + GROUP - 1) / GROUP, lt = (nl + PR - 1) / PR;

	stage(xs, x + (size_t)blk->z * Cin * L, Cin, L, l0, nl);
	y += (size_t)blk->z * Cout * L;
	for (int i = 0; i < ot * lt; i++) {
		int o = o0 + (KE_ORDER ? i / lt : i % ot) * GROUP;
		int l = (KE_ORDER ? i % lt : i / ot) * PR;

		tile(xs + FRONT + l, wp + (size_t)o * Cin * 3, bias + o, t,
		    y + (size_t)o * L + l0 + l, Cin, L,
		    Cout - o < GROUP ? Cout - o : GROUP,
		    nl - l < PR ? nl - l : PR);
	}
}
