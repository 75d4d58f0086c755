/* ke-plan
{ "launches": [{"kernel": "rowsum", "grid": ["M"],
    "args": ["x", "y", "N"]}] } */
void
rowsum(const struct ke_block *b, const float *restrict x, float *restrict y,
    int N)
{
	float s[8] = {0};
	int j = 0;

	x += (size_t)b->x * N;
	for (; j + 8 <= N; j += 8)
		for (int k = 0; k < 8; k++)
			s[k] += x[j + k];
	for (; j < N; j++)
		s[0] += x[j];
	y[b->x] = s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7];
}
