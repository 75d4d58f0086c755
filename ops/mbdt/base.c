/* ke-plan
{ "launches": [
    {"kernel": "mbdt", "grid": ["cdiv(B, 1024)", "F"],
     "args": ["borders", "x", "y", "B", "K"]}] }
Counts, as the definition does: features have few borders, and a search for
each value would branch as nothing foretells.  A block is 1024 values of a
feature. */

void
mbdt(const struct ke_block *b, const float *restrict borders,
    const float *restrict x, int64_t *restrict y, int B, int K)
{
	int i = b->x * 1024, end = i + 1024 < B ? i + 1024 : B;
	int64_t start = (int64_t)b->y * (K + 1);

	borders += start;
	x += (size_t)b->y * B;
	y += (size_t)b->y * B;
	for (; i < end; i++) {
		int n = 0;

		for (int k = 0; k < K; k++)
			n += borders[k] < x[i];
		y[i] = start + n;
	}
}
