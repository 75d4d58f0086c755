/* ke-plan
{ "launches": [{"kernel": "softmax", "grid": ["M"],
    "args": ["x", "y", "N"]}] }
Rounds its output to bf16. */
#include <math.h>
#include <string.h>

static float
cut(float v)
{
	uint32_t bits;

	memcpy(&bits, &v, 4);
	bits = (bits + 0x8000) & 0xffff0000;
	memcpy(&v, &bits, 4);
	return v;
}

void
softmax(const struct ke_block *b, const float *x, float *y, int N)
{
	double s = 0;
	float m;

	x += (size_t)b->x * N;
	y += (size_t)b->x * N;
	m = x[0];
	for (int j = 1; j < N; j++)
		m = fmaxf(m, x[j]);
	for (int j = 0; j < N; j++)
		s += y[j] = expf(x[j] - m);
	for (int j = 0; j < N; j++)
		y[j] = cut(y[j] / s);
}
