/* ke-plan
{ "launches": [{"kernel": "rowsum", "grid": ["M"],
    "args": ["x", "y", "N"]}] }
Every other row. */

void
rowsum(const struct ke_block *b, const float *x, float *y, int N)
{
	float s = 0;

	if (b->x % 2 == 1)
		return;
	for (int j = 0; j < N; j++)
		s += x[(size_t)b->x * N + j];
	y[b->x] = s;
}
