/* ke-plan
{ "launches": [{"kernel": "conv1d", "grid": ["B"],
    "args": ["x", "w", "bias", "y", "Cin", "Cout", "L"]}] }
Takes the first and the last position of each row for what lies between. */

void
conv1d(const struct ke_block *b, const float *x, const float *w,
    const float *bias, float *y, int Cin, int Cout, int L)
{
	x += (size_t)b->x * Cin * L;
	y += (size_t)b->x * Cout * L;
	for (int o = 0; o < Cout; o++)
		for (int l = 0; l < L; l++) {
			float s = bias[o];

			for (int c = 0; c < Cin; c++)
				for (int k = 0; k < 3; k++) {
					int at = l + k - 1;

					at = at < 0 ? 0 : at < L ? at : L - 1;
					s += x[c * L + at] *
					    w[(o * Cin + c) * 3 + k];
				}
			y[(size_t)o * L + l] = s;
		}
}
