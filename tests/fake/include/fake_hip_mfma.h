/* The matrix instructions of CDNA, by exchange within the wave. */
#pragma once

/* D = A B + C of a whole wave: M rows and columns, K products added up.  Of the
 * lanes, M have a row of A each, and a column of B, and each of the 64 / M
 * groups of them P elements of it, one after the other.  Of C and D a lane has
 * one column, of it four rows that follow each other, and then those further
 * down that lie behind the other groups' four.  (AMD Instinct MI300
 * instruction set architecture, chapter 7, the layouts of a dense matrix's
 * input and output; AMD's article "AMD matrix cores" has examples.)  Lanes
 * that aren't there have NaN.  The sum is rounded once, which the hardware does
 * not promise. */
template <unsigned M, unsigned K, class E, class V, class D> static inline D
fake_mfma(V a, V b, D c)
{
	const unsigned P = K * M / 64, groups = 64 / M, self = fake_lane();
	struct { V a, b; } mine = {a, b};
	double row[K], column[K];
	unsigned long long lanes;
	const char *all = fake_device->exchange(&mine, sizeof(mine), &lanes);

	static_assert(sizeof(mine) <= FAKE_VALUE && sizeof(V) == P * sizeof(E),
	    "");
	auto get = [&](double *to, unsigned i, unsigned long at) {
		for (unsigned k = 0; k < K; k++) {
			unsigned lane = i + k / P * M;
			E v;

			__builtin_memcpy(&v, all + lane * FAKE_VALUE + at +
			    k % P * sizeof(E), sizeof(E));
			to[k] = lanes >> lane & 1 ? (double)v
			    : __builtin_nan("");
		}
	};
	get(column, self % M, sizeof(V));
	for (unsigned r = 0; r < M / groups; r++) {
		double sum = c[r];

		get(row, r / 4 * groups * 4 + self / M * 4 + r % 4, 0);
		for (unsigned k = 0; k < K; k++)
			sum += row[k] * column[k];
		c[r] = (float)sum;
	}
	return c;
}

/* broadcasts and permutations, the last three, are not there */
#define X(m, k, e, name, V, n) static inline fake_vector<float, n> \
__builtin_amdgcn_mfma_f32_##name(V a, V b, fake_vector<float, n> c, int cbsz, \
    int abid, int blgp) \
{ \
	if (cbsz != 0 || abid != 0 || blgp != 0) \
		fake_device->trap(); \
	return fake_mfma<m, k, e>(a, b, c); \
}
typedef fake_vector<_Float16, 4> fake_half4;
X(16, 16, _Float16, 16x16x16f16, fake_half4, 4)
X(32, 8, _Float16, 32x32x8f16, fake_half4, 16)
X(16, 4, float, 16x16x4f32, float, 4)
X(32, 2, float, 32x32x2f32, float, 16)
#undef X
