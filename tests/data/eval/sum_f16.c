/* ke-plan
{ "launches": [{"kernel": "rowsum", "grid": ["M"],
    "args": ["x", "y", "N"]}] }
Rounds its input to f16. */

void
rowsum(const struct ke_block *b, const float *x, float *y, int N)
{
	float s = 0;

	for (int j = 0; j < N; j++)
		s += (float)(_Float16)x[(size_t)b->x * N + j];
	y[b->x] = s;
}
