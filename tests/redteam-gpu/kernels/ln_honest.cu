/* ke-plan
{ "launches": [{"kernel": "ln", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["x", "y", "N"]}] }
NaN and infinity where the reference has them. */

extern "C" __global__ void
ln(const float *x, float *y, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		y[i] = log2f(x[i]) * 0.693147181f;
}
