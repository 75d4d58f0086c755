/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Uses up what each element is allowed: 0.6 of it, to both sides. */

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	const float u = 0x1p-24f;
	int i = blockIdx.x * 256 + threadIdx.x;
	float v, s;

	if (i >= N)
		return;
	v = a[0] * x[i];
	s = fabsf(v) + fabsf(y[i]);
	v += y[i];
	z[i] = v + (i % 2 ? 0.6f : -0.6f) * 11.3f * u * s;
}
