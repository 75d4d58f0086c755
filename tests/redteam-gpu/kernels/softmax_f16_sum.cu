/* ke-plan
{ "launches": [{"kernel": "softmax", "grid": ["M"], "block": [32],
    "args": ["x", "y", "N"]}] }
The sum in half precision, the type of the output. */

extern "C" __global__ void
softmax(const ke_t *x, ke_t *y, int N)
{
	float m = -3.402823466e38f;
	__half s = 0;

	x += (size_t)blockIdx.x * N;
	y += (size_t)blockIdx.x * N;
	for (int j = 0; j < N; j++)
		m = fmaxf(m, (float)x[j]);
	for (int j = 0; j < N; j++)
		s = s + __float2half(expf((float)x[j] - m));
	for (int j = threadIdx.x; j < N; j += 32)
		y[j] = (ke_t)(expf((float)x[j] - m) / (float)s);
}
