/* ke-plan
{ "launches": [{"kernel": "ln", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["x", "y", "N"]}] }
Numbers where the reference has NaN. */

extern "C" __global__ void
ln(const float *x, float *y, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		y[i] = logf(fabsf(x[i]));
}
