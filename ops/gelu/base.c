/* ke-plan
{ "launches": [
    {"kernel": "gelu", "grid": ["cdiv(N, 16384)"], "args": ["x", "y", "N"]}] }
The definition, a block of elements after the other. */

#include <math.h>

void
gelu(const struct ke_block *b, const float *restrict x, float *restrict y,
    int N)
{
	int i = b->x * 16384, end = N - i < 16384 ? N : i + 16384;

	for (; i < end; i++) {
		float v = x[i];

		y[i] = 0.5f * v * (1 + tanhf(0.7978845608f *
		    (v + 0.044715f * v * v * v)));
	}
}
