/* ke-plan
{ "launches": [
    {"kernel": "mbdt", "grid": ["cdiv(B, 256)", "F"], "block": [256],
     "args": ["borders", "x", "y", "B", "K"]}] }
A thread is one value, and counts the borders below it. */

extern "C" __global__ void
mbdt(const ke_t *__restrict__ borders, const ke_t *__restrict__ x,
    int64_t *__restrict__ y, int B, int K)
{
	int64_t start = (int64_t)blockIdx.y * (K + 1);
	int i = blockIdx.x * blockDim.x + threadIdx.x, n = 0;
	ke_t v;

	if (i >= B)
		return;
	v = x[(size_t)blockIdx.y * B + i];
	for (int k = 0; k < K; k++)
		n += borders[start + k] < v;
	y[(size_t)blockIdx.y * B + i] = start + n;
}
