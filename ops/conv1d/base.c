/* ke-plan
{ "launches": [
    {"kernel": "conv1d", "grid": ["Cout", "B"],
     "args": ["x", "w", "bias", "y", "Cin", "Cout", "L"]}] }
A block is one row of y, which stays in the first-level cache while each
tap of each input channel is added to it. */

void
conv1d(const struct ke_block *blk, const float *restrict x,
    const float *restrict w, const float *restrict bias, float *restrict y,
    int Cin, int Cout, int L)
{
	int b = blk->y, o = blk->x;
	float *restrict yr = y + ((size_t)b * Cout + o) * L;

	for (int l = 0; l < L; l++)
		yr[l] = bias[o];
	for (int c = 0; c < Cin; c++) {
		const float *xr = x + ((size_t)b * Cin + c) * L;

		for (int k = 0; k < 3; k++) {
			float wk = w[((size_t)o * Cin + c) * 3 + k];
			int lo = k == 0 ? 1 : 0;
			int hi = k == 2 ? L - 1 : L;

			for (int l = lo; l < hi; l++)
				yr[l] += wk * xr[l + k - 1];
		}
	}
}
