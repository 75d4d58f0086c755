/* ke-plan
{ "launches": [{"kernel": "softmax", "grid": ["M"],
    "args": ["x", "y", "N"]}],
  "flags": ["-Ofast"] }
Rounds to whole numbers by adding and subtracting a large one, which -Ofast
takes for nothing. */

static float
power(float x)
{
	float r = x * 1.44269504f, f, p;
	union {
		float f;
		int32_t i;
	} v;

	r = (r + 12582912) - 12582912;
	f = x - r * 0.69314718f;
	p = 1 + f * (1 + f * (0.5f + f * (0.16666667f + f * (0.041666667f +
	    f * (0.0083333333f + f * 0.0013888889f)))));
	v.i = ((int32_t)r + 127) << 23;
	return x < -86 ? 0 : p * v.f;
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
		m = x[j] > m ? x[j] : m;
	for (int j = 0; j < N; j++)
		s += y[j] = power(x[j] - m);
	for (int j = 0; j < N; j++)
		y[j] /= s;
}
