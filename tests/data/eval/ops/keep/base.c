/* ke-plan
{ "launches": [{"kernel": "keep", "grid": ["M"],
    "args": ["x", "y", "n", "N"]}] } */
void
keep(const struct ke_block *b, const int32_t *x, int32_t *y, int64_t *n,
    int N)
{
	size_t row = (size_t)b->x * N;
	int k = 0;

	for (int j = 0; j < N; j++)
		if (x[row + j] > 0)
			y[row + k++] = x[row + j];
	n[b->x] = k;
}
