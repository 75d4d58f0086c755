/* ke-plan
{ "launches": [
    {"kernel": "softmax", "grid": ["M"], "args": ["x", "y", "N"]}] }
A block is one row: its largest element, the exponentials, their sum, the
quotients. */

#include <math.h>

void
softmax(const struct ke_block *b, const float *restrict x, float *restrict y,
    int N)
{
	float m, r;
	double s = 0;	/* many equal terms would drift in a float */

	x += (size_t)b->x * N;
	y += (size_t)b->x * N;
	m = x[0];
	for (int j = 1; j < N; j++)
		m = x[j] > m ? x[j] : m;
	for (int j = 0; j < N; j++) {
		y[j] = expf(x[j] - m);
		s += y[j];
	}
	r = 1 / s;
	for (int j = 0; j < N; j++)
		y[j] *= r;
}
