/* ke-plan
{ "launches": [{"kernel": "rowsum", "grid": ["M"],
    "args": ["x", "y", "N"]}] }
Honest, and tuned: sums side by side. */

typedef float vec __attribute__((vector_size(64), aligned(4)));

void
rowsum(const struct ke_block *b, const float *x, float *y, int N)
{
	vec s[4] = {0};
	float t = 0;
	int j = 0;

	x += (size_t)b->x * N;
	for (; j + 64 <= N; j += 64)
		for (int k = 0; k < 4; k++)
			s[k] += *(const vec *)(x + j + 16 * k);
	s[0] += s[1] + s[2] + s[3];
	for (; j < N; j++)
		t += x[j];
	for (int k = 0; k < 16; k++)
		t += s[0][k];
	y[b->x] = t;
}
